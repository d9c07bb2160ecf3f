/** Registration entries for workloads of your own, with the same preview and the same care as those for Cilium. */
import type { Entries, WorkloadEntriesArgs } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../settings/schema";
import { dynamicProvider } from "../dynamicProvider";
import type { StackId } from "../owner";
import { workloadEntriesArgs } from "./args";

/**
 * Entries for workloads, each under an alias or under the agents of chosen nodes. They follow the nodes as
 * {@link AgentEntries} does. Depend on the agents.
 */
export class WorkloadEntries extends pulumi.dynamic.Resource {
    /** Every entry, by `<node or "cluster">/<workload>`. */
    declare readonly entries: pulumi.Output<Entries>;

    constructor(name: string, args: WorkloadEntriesArgs, opts?: pulumi.CustomResourceOptions) {
        const props = { entries: undefined, ...args };
        super(dynamicProvider("workloadEntries"), name, props, opts, "spire", "WorkloadEntries");
    }
}

/** The entries of the settings' workloads, if there are any. @returns what was made */
export function registerWorkloads(
    name: string,
    settings: Settings,
    id: StackId,
    opts: pulumi.CustomResourceOptions,
): WorkloadEntries[] {
    const args = workloadEntriesArgs(settings, id);
    if (Object.keys(args.workloads).length === 0) return [];
    return [new WorkloadEntries(name, args, opts)];
}
