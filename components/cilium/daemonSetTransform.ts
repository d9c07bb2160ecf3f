/** What the chart's DaemonSet gets on its way to the cluster. */
import * as pulumi from "@pulumi/pulumi";
import type { CiliumSettings } from "../../settings/cilium";
import { durationSeconds } from "../../settings/amounts";
import { CILIUM, INSTALLED_BY } from "../names";
import { ownerOf } from "../owner";
import type { InstallationArgs } from "./args";
import { addWorkloadSocket, type DaemonSetProps } from "./workloadSocket";

interface ChartDaemonSet extends DaemonSetProps {
    metadata?: { name?: unknown; annotations?: Record<string, string> };
}

/**
 * The transformation of the chart's DaemonSet, and whether it ever met it: one that matches nothing is silent.
 *
 * The engine calls it for each rendered object, and answers the chart only after that.
 */
export class DaemonSetTransform {
    private fired = false;
    /** Read here: the engine calls the transformation outside of the program's context, where it is unknown. */
    private readonly owner = ownerOf({ project: pulumi.getProject(), stack: pulumi.getStack() });

    constructor(private readonly args: InstallationArgs) {}

    readonly transform = ({
        type,
        props,
        opts,
    }: pulumi.ResourceTransformArgs): pulumi.ResourceTransformResult | undefined => {
        const daemonSet = props as ChartDaemonSet;
        if (type !== "kubernetes:apps/v1:DaemonSet") return undefined;
        if (daemonSet.metadata?.name !== CILIUM.agentDaemonSet) return undefined;
        this.fired = true;
        const annotations = {
            ...daemonSet.metadata.annotations,
            [INSTALLED_BY]: this.owner,
        };
        const signed = { ...daemonSet, metadata: { ...daemonSet.metadata, annotations } };
        const { settings, sockets, mutualAuth, protect } = this.args;
        const mount = mutualAuth && settings.workloadSocketInAgent;
        return {
            props: mount ? addWorkloadSocket(signed, sockets.workload) : signed,
            opts: pulumi.mergeOptions(opts, {
                customTimeouts: rolloutTimeouts(settings),
                protect,
            }),
        };
    };

    /**
     * @param resources what the chart was rendered to; not a list while a preview does not know it.
     * @throws Error when there was no DaemonSet to transform.
     */
    assertFired(resources: unknown): void {
        if (!Array.isArray(resources) || this.fired) return;
        throw new Error(
            `the Cilium chart has no DaemonSet "${CILIUM.agentDaemonSet}", so there are no agents to authenticate pods; use a supported chart`,
        );
    }
}

/** Time-outs of what rolls the agents, as resource options take them: Pulumi's own ten minutes fit a small cluster. */
export function rolloutTimeouts({ rolloutTimeout }: CiliumSettings): pulumi.CustomTimeouts {
    const seconds = `${durationSeconds(rolloutTimeout)}s`;
    return { create: seconds, update: seconds };
}
