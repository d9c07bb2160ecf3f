/** What the chart's DaemonSets get on their way to the cluster. */
import * as pulumi from "@pulumi/pulumi";
import { CILIUM, INSTALLED_BY } from "../names";
import { ownerOf } from "../owner";
import { revisionOf } from "../pod";
import { NOT_AWAITED, type Rolled } from "../rollout";
import type { InstallationArgs } from "./args";
import { addWorkloadSocket, type DaemonSetProps } from "./workloadSocket";

interface ChartDaemonSet extends DaemonSetProps {
    metadata: { name: string; namespace: string; annotations?: Record<string, string> };
}

/**
 * The transformation of the chart's DaemonSets: the agents', and others whose pods run on every node (Envoy). It remembers
 * which it met: one that matches nothing is silent.
 *
 * The engine calls it for each rendered object, and answers the chart only after that.
 */
export class DaemonSetTransform {
    private readonly met = new Map<string, Rolled>();
    /** Read here: the engine calls the transformation outside of the program's context, where it is unknown. */
    private readonly owner = ownerOf({ project: pulumi.getProject(), stack: pulumi.getStack() });

    constructor(private readonly args: InstallationArgs) {}

    readonly transform = ({
        type,
        props,
        opts,
    }: pulumi.ResourceTransformArgs): pulumi.ResourceTransformResult | undefined => {
        if (type !== "kubernetes:apps/v1:DaemonSet") return undefined;
        const daemonSet = props as ChartDaemonSet;
        const isAgents = daemonSet.metadata.name === CILIUM.agentDaemonSet;
        const { settings, sockets, mutualAuth, protect } = this.args;
        const annotations = {
            ...daemonSet.metadata.annotations,
            ...NOT_AWAITED,
            ...(isAgents && { [INSTALLED_BY]: this.owner }),
        };
        const signed = { ...daemonSet, metadata: { ...daemonSet.metadata, annotations } };
        const mount = isAgents && mutualAuth && settings.workloadSocketInAgent;
        const sent = mount ? addWorkloadSocket(signed, sockets.workload) : signed;
        const { name, namespace } = daemonSet.metadata;
        const revision = revisionOf(sent.spec?.template ?? {});
        this.met.set(name, { namespace, daemonSet: name, revision });
        return { props: sent, opts: isAgents ? pulumi.mergeOptions(opts, { protect }) : opts };
    };

    /**
     * What the chart rolls out.
     *
     * @param resources what the chart was rendered to; not a list while a preview does not know it.
     * @throws Error when there was no DaemonSet of the agents to transform.
     */
    rolled(resources: unknown): Rolled[] {
        if (!Array.isArray(resources) || this.met.has(CILIUM.agentDaemonSet)) {
            return [...this.met.values()].sort((a, b) => (a.daemonSet < b.daemonSet ? -1 : 1));
        }
        throw new Error(
            `the Cilium chart has no DaemonSet "${CILIUM.agentDaemonSet}", so there are no agents to authenticate pods; use a supported chart`,
        );
    }
}
