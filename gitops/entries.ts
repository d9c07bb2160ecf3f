/** Which registration entries a rendered stack writes, and the objects that write them. */
import {
    type Entries,
    planAgentEntries,
    planWorkloadEntries,
} from "@cilium-spire/entries-provider";
import { agentEntriesArgs, workloadEntriesArgs } from "../components/entries/args";
import type { StackId } from "../components/owner";
import { entryJob, type JobArgs, removalJob } from "./entryJob";
import { entryRights } from "./entryRights";
import type { Manifest } from "./manifest";
import type { Installing } from "./program";

/** The IDs of entries, in their order. */
export interface EntryIds {
    /** Of the entries that are written. */
    entries: string[];
    /** Of those that earlier renderings have written, and that are deleted now. */
    removed: string[];
}

/**
 * The same entries as an `up` with the strategy `nodeAlias` writes, under the same IDs: so the doctor knows them. None of
 * them names a node.
 */
export function renderedEntries(settings: Installing, id: StackId): Record<string, Entries> {
    const cilium = planAgentEntries(agentEntriesArgs(settings, id), []);
    const everywhere = { alias: `spiffe://${settings.trustDomain}/cilium-operator` };
    const wanted = workloadEntriesArgs(settings, id);
    const workloads = Object.entries(wanted.workloads).map(([key, workload]) => {
        // The link that every agent has by its alias is as good as every agent.
        const parent = "alias" in workload.parent ? workload.parent : everywhere;
        const one = { ...wanted, workloads: { [key]: { ...workload, parent } } };
        return [`workload-${key}`, planWorkloadEntries(one, [])] as const;
    });
    return { cilium, ...Object.fromEntries(workloads) };
}

/**
 * The objects that write the entries: rights, and a Job for Cilium's entries, for each workload's, and for those that are no
 * more.
 *
 * @param formerly IDs that an earlier rendering had written or removed; those that are none of the entries now are deleted.
 */
export function entryObjects(
    settings: Installing,
    id: StackId,
    formerly: readonly string[],
): { objects: Manifest[]; ids: EntryIds } {
    const sets = renderedEntries(settings, id);
    const entries = Object.values(sets)
        .flatMap((set) => Object.values(set).map((entry) => entry.id))
        .sort();
    const removed = [...new Set(formerly)].filter((former) => !entries.includes(former)).sort();
    const { server } = settings.spire;
    const job: JobArgs = { images: settings.images, server };
    return {
        objects: [
            ...entryRights(server.namespace),
            ...Object.entries(sets).map(([set, of]) => entryJob(set, of, job)),
            ...(removed.length > 0 ? [removalJob(removed, job)] : []),
        ],
        ids: { entries, removed },
    };
}
