/** Registration entries for workloads of your own, with the same preview and the same care as those for Cilium. */
import type { Entries, WorkloadEntriesArgs } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";
import { entrySetProvider } from "./provider";

/**
 * Entries for workloads, each under an alias or under the agents of chosen nodes. They follow the nodes as
 * {@link AgentEntries} does. Depend on the agents.
 */
export class WorkloadEntries extends pulumi.dynamic.Resource {
    /** Every entry, by `<node or "cluster">/<workload>`. */
    declare readonly entries: pulumi.Output<Entries>;

    constructor(name: string, args: WorkloadEntriesArgs, opts?: pulumi.CustomResourceOptions) {
        const props = { entries: undefined, ...args };
        super(entrySetProvider("workloadEntries"), name, props, opts, "spire", "WorkloadEntries");
    }
}
