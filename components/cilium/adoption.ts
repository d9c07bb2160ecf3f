/** Mutual authentication for a Cilium that someone else installed. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { CILIUM } from "../names";
import { type AdoptionPatch, adoptionPatches, fieldManager } from "./adoptionPatches";
import { NOT_AWAITED, Rollout } from "../rollout";
import type { AdoptionArgs } from "./args";

/**
 * What the chart would have made of our values, patched into a Cilium that is there: the keys of its ConfigMap, and the
 * sockets' directories in agents and operator, whose pods restart to read both.
 *
 * Patches are server-side applies that own only their own fields; the installer's upgrades keep them. They are named
 * after their content: a change makes a new patch that takes the fields over before the old one lets go. Updated in
 * place, they would show a difference at every preview (the provider compares lists by index, pulumi-kubernetes#2682).
 *
 * Destroying gives the fields back, as does `mutualAuth: false`: what nobody else owns is removed, and the pods restart.
 */
export class Adoption extends pulumi.ComponentResource {
    /** As those of an Installation; none here is a chart's. */
    readonly objects = pulumi.output<pulumi.Resource[]>([]);

    constructor(name: string, args: AdoptionArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:cilium:Adoption", name, {}, opts);
        if (args.mutualAuth) this.patch(args);
        this.registerOutputs({});
    }

    private patch(args: AdoptionArgs): void {
        const { configMap, daemonSet, deployment } = adoptionPatches(args);
        const { namespace } = args.settings;
        const config = new k8s.core.v1.ConfigMapPatch(
            `${CILIUM.configMap}-${configMap.hash}`,
            { metadata: metadata(CILIUM.configMap, namespace, configMap), data: configMap.content },
            { parent: this },
        );
        const pods: pulumi.CustomResourceOptions = {
            parent: this,
            // Pods read the ConfigMap when they start.
            dependsOn: [config],
            // Lists that the patch owns items of. Their content is in the name, so nothing is missed.
            ignoreChanges: ["spec.template.spec.volumes", "spec.template.spec.containers"],
        };
        const { timeoutSeconds } = args.patience;
        const seconds = `${timeoutSeconds}s`;
        const agents = new k8s.apps.v1.DaemonSetPatch(
            `${CILIUM.agentDaemonSet}-${daemonSet.hash}`,
            {
                metadata: metadata(CILIUM.agentDaemonSet, namespace, daemonSet, NOT_AWAITED),
                spec: daemonSet.content,
            },
            pods,
        );
        new k8s.apps.v1.DeploymentPatch(
            `${CILIUM.operatorDeployment}-${deployment.hash}`,
            {
                metadata: metadata(CILIUM.operatorDeployment, namespace, deployment),
                spec: deployment.content,
            },
            // Pulumi's own ten minutes fit a small cluster.
            { ...pods, customTimeouts: { create: seconds, update: seconds } },
        );
        const rolled = { namespace, daemonSet: CILIUM.agentDaemonSet, revision: daemonSet.hash };
        new Rollout("cilium", [rolled], args.patience, { parent: this, dependsOn: [agents] });
    }
}

/** Two patches of one object, the old and the new, need two field managers; the new one takes what the old one owns. */
function metadata(
    name: string,
    namespace: string,
    { hash }: AdoptionPatch<unknown>,
    annotations: Record<string, string> = {},
) {
    return {
        name,
        namespace,
        annotations: {
            ...annotations,
            "pulumi.com/patchFieldManager": fieldManager(hash),
            "pulumi.com/patchForce": "true",
        },
    };
}
