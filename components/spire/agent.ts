/** The SPIRE agents: a DaemonSet that puts two sockets on every node. */
import { posix } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AgentSettings } from "../../settings/spire";
import { AGENT_NAME, BUNDLE_CONFIG_MAP } from "../names";
import { podTemplate } from "../pod";
import { AGENT_DATA_DIR, agentConf, BUNDLE_DIR, NODE_ADDRESS_ENV, TOKEN_DIR } from "./agentConf";
import type { Sockets } from "./sockets";

/** Arguments of {@link Agent}. */
export interface AgentArgs {
    /** SPIFFE trust domain. */
    trustDomain: string;
    /** Name under which the agents attest. */
    clusterName: string;
    /** Version of SPIRE: the tag of the image. */
    version: string;
    /** The server's Service. */
    server: { host: string; port: number };
    /** Host paths of the two sockets. */
    sockets: Sockets;
    /** SPIFFE IDs that may use the Delegated Identity API. */
    delegates: string[];
    /** What the stack configuration says of the agents. */
    settings: AgentSettings;
}

const LABELS = { "app.kubernetes.io/name": AGENT_NAME };
const CONFIG_DIR = "/run/spire/config";

/**
 * SPIRE agents on every node, tainted ones too: Cilium runs there and needs them.
 *
 * A pod is Ready when its agent has attested, so the DaemonSet's readiness means that every node has an identity.
 */
export class Agent extends pulumi.ComponentResource {
    constructor(name: string, args: AgentArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:spire:Agent", name, {}, opts);
        const parent = { parent: this };
        const namespace = args.settings.namespace;
        const account = new k8s.core.v1.ServiceAccount(
            AGENT_NAME,
            { metadata: { name: AGENT_NAME, namespace } },
            parent,
        );
        this.grantKubelet(namespace, args.settings.kubelet.authorization);
        const configuration = JSON.stringify(agentConf(args), undefined, 2);
        const config = new k8s.core.v1.ConfigMap(
            AGENT_NAME,
            {
                metadata: { name: AGENT_NAME, namespace },
                data: { "agent.conf": configuration },
            },
            parent,
        );
        new k8s.apps.v1.DaemonSet(
            AGENT_NAME,
            {
                metadata: { name: AGENT_NAME, namespace, labels: LABELS },
                spec: {
                    selector: { matchLabels: LABELS },
                    template: podTemplate({
                        labels: LABELS,
                        configuration,
                        spec: agentPod(args, account.metadata.name, config.metadata.name),
                    }),
                },
            },
            { ...parent, dependsOn: [config] },
        );
        this.registerOutputs({});
    }

    /** To attest a workload, the agent asks its node's kubelet which pod a process belongs to. */
    private grantKubelet(namespace: string, resource: string): void {
        const role = new k8s.rbac.v1.ClusterRole(
            AGENT_NAME,
            { rules: [{ apiGroups: [""], resources: [resource], verbs: ["get"] }] },
            { parent: this },
        );
        new k8s.rbac.v1.ClusterRoleBinding(
            AGENT_NAME,
            {
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

function agentPod(
    args: AgentArgs,
    serviceAccountName: pulumi.Input<string>,
    configMap: pulumi.Input<string>,
): Parameters<typeof podTemplate>[0]["spec"] {
    const { settings, sockets } = args;
    // The listener is on the node's loopback, where the kubelet probes it and pods cannot.
    const probe = (path: string) => ({
        httpGet: { path, host: "127.0.0.1", port: settings.healthPort },
    });
    return {
        serviceAccountName,
        // Callers of the sockets are attested by their process ID, which only the host's namespace shows.
        hostPID: true,
        // The kubelet's address and the server's ClusterIP are reachable before the pod network is.
        hostNetwork: true,
        dnsPolicy: "ClusterFirstWithHostNet",
        priorityClassName: "system-node-critical",
        tolerations: [{ operator: "Exists" }],
        containers: [
            {
                name: AGENT_NAME,
                image: `${settings.image}:${args.version}`,
                imagePullPolicy: "IfNotPresent",
                args: ["run", "-config", `${CONFIG_DIR}/agent.conf`],
                env: { [NODE_ADDRESS_ENV]: { fieldRef: { fieldPath: "status.hostIP" } } },
                readinessProbe: { ...probe("/ready"), periodSeconds: 2 },
                livenessProbe: { ...probe("/live"), initialDelaySeconds: 15, periodSeconds: 30 },
                resources: settings.resources,
                securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ["ALL"] },
                    seccompProfile: { type: "RuntimeDefault" },
                },
                volumeMounts: [
                    {
                        volume: { name: "config", configMap: { name: configMap } },
                        destPath: CONFIG_DIR,
                    },
                    {
                        volume: {
                            name: "bundle",
                            configMap: { name: BUNDLE_CONFIG_MAP },
                        },
                        destPath: BUNDLE_DIR,
                    },
                    { volume: tokenVolume, destPath: TOKEN_DIR },
                    { volume: { name: "data", emptyDir: {} }, destPath: AGENT_DATA_DIR },
                    ...[
                        ["workload-socket", sockets.workload],
                        ["admin-socket", sockets.admin],
                    ].map(([name, path]) => hostDirectory(name!, posix.dirname(path!))),
                ],
            },
        ],
    };
}

/** The token that k8s_psat shows to the server; its audience makes it useless elsewhere. */
const tokenVolume = {
    name: "token",
    projected: {
        sources: [
            {
                serviceAccountToken: {
                    path: "spire-agent",
                    audience: "spire-server",
                    expirationSeconds: 7200,
                },
            },
        ],
    },
};

function hostDirectory(name: string, path: string) {
    return { volume: { name, hostPath: { path, type: "DirectoryOrCreate" } }, destPath: path };
}
