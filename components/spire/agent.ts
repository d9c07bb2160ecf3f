/** The SPIRE agents: a DaemonSet that puts two sockets on every node. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { AGENT_NAME, clusterRoleName } from "../names";
import { podTemplate, revisionOf } from "../pod";
import { NOT_AWAITED, Rollout } from "../rollout";
import type { AgentArgs } from "./args";
import { agentConf } from "./agentConf";
import { AGENT_LABELS, agentPod } from "./agentPod";
import { confText } from "./confText";
import { installCsiDriver } from "./csiDriver";

/**
 * SPIRE agents on every node, tainted ones too: Cilium runs there and needs them.
 *
 * A pod is Ready when its agent has attested, so the end of a rollout means that every node that is there has an identity.
 */
export class Agent extends pulumi.ComponentResource {
    /** Changes with every rollout of the pods. */
    readonly revision: pulumi.Output<string>;

    constructor(name: string, args: AgentArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:spire:Agent", name, {}, opts);
        const parent = { parent: this };
        const namespace = args.settings.namespace;
        const account = new k8s.core.v1.ServiceAccount(
            AGENT_NAME,
            { metadata: { name: AGENT_NAME, namespace } },
            parent,
        );
        const rights = this.grantKubelet(namespace, args.settings.kubelet.authorization);
        const configuration = confText(agentConf(args));
        const config = new k8s.core.v1.ConfigMap(
            AGENT_NAME,
            {
                metadata: { name: AGENT_NAME, namespace },
                data: { "agent.conf": configuration },
            },
            parent,
        );
        const template = podTemplate({
            labels: AGENT_LABELS,
            configuration,
            annotatedPort: args.annotated ? args.settings.metricsPort : undefined,
            spec: agentPod(args),
        });
        this.revision = revisionOf(template);
        const daemonSet = new k8s.apps.v1.DaemonSet(
            AGENT_NAME,
            {
                metadata: {
                    name: AGENT_NAME,
                    namespace,
                    labels: AGENT_LABELS,
                    annotations: NOT_AWAITED,
                },
                spec: {
                    selector: { matchLabels: AGENT_LABELS },
                    updateStrategy: {
                        type: "RollingUpdate",
                        rollingUpdate: { maxUnavailable: args.settings.maxUnavailable },
                    },
                    template,
                },
            },
            { ...parent, dependsOn: [account, config, rights] },
        );
        const { csiDriver } = args.settings;
        const driver = csiDriver && installCsiDriver(args, csiDriver, NOT_AWAITED, this);
        if (args.patience) {
            const own = { namespace, daemonSet: AGENT_NAME, revision: this.revision };
            new Rollout(AGENT_NAME, [own, ...(driver ? [driver.rolled] : [])], args.patience, {
                ...parent,
                dependsOn: [daemonSet, ...(driver ? [driver.daemonSet] : [])],
            });
        }
        this.registerOutputs({});
    }

    /** To attest a workload, the agent asks its node's kubelet which pod a process belongs to. */
    private grantKubelet(namespace: string, resource: string): pulumi.Resource {
        const metadata = { name: clusterRoleName(AGENT_NAME, pulumi.getStack()) };
        const role = new k8s.rbac.v1.ClusterRole(
            AGENT_NAME,
            { metadata, rules: [{ apiGroups: [""], resources: [resource], verbs: ["get"] }] },
            { parent: this },
        );
        return new k8s.rbac.v1.ClusterRoleBinding(
            AGENT_NAME,
            {
                metadata,
                roleRef: {
                    apiGroup: "rbac.authorization.k8s.io",
                    kind: "ClusterRole",
                    name: role.metadata.name,
                },
                subjects: [{ kind: "ServiceAccount", name: AGENT_NAME, namespace }],
            },
            { parent: this },
        );
    }
}
