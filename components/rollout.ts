/** Waiting for the pods of DaemonSets, in place of Pulumi's own way. */
import type { ClusterChoice, DaemonSetRef } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";
import { dynamicProvider } from "./dynamicProvider";

/**
 * Annotation of an object that Pulumi does not wait for. It waits for all pods of a DaemonSet, so that one node that is not
 * Ready would fail an `up` for all others.
 */
export const NOT_AWAITED = { "pulumi.com/skipAwait": "true" };

/** How long is waited, and on which cluster. Plain values. */
export interface Patience {
    cluster: ClusterChoice;
    /** Deadline in seconds for one more node to run the newest template. */
    timeoutSeconds: number;
}

/** A DaemonSet, and what changes with its pods' template. */
export type Rolled = DaemonSetRef & { revision: pulumi.Input<string> };

/**
 * DaemonSets whose newest template runs on all nodes that are there, whenever a revision has changed. What depends on it
 * finds their pods Ready; nodes whose kubelet is silent are warned of.
 */
export class Rollout extends pulumi.dynamic.Resource {
    constructor(
        name: string,
        daemonSets: pulumi.Input<Rolled[]>,
        { cluster, timeoutSeconds }: Patience,
        opts: pulumi.CustomResourceOptions,
    ) {
        const props = { ...cluster, daemonSets, timeoutSeconds };
        super(dynamicProvider("rollout"), name, props, opts, "kubernetes", "Rollout");
    }
}
