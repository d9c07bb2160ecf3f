/** What a kind of entry set is, and its plan for the nodes that get entries. The kinds differ in their plan only. */
import type { Cluster } from "../kube/cluster";
import type { AgentNode, HasEntries } from "../spire/agentNodes";
import { isBanned, type RollCall } from "../spire/agents";
import type { Entries, Entry } from "../spire/entry";
import type { EntrySetArgs, Observed } from "./inputs";
import { placesOf } from "./reconcile";

/** How one kind of set differs from another. */
export interface EntrySet<Args extends EntrySetArgs> {
    /** The entries that should be; pure. */
    plan(args: Args, nodes: AgentNode[]): Plan;
    /** True for the one set per cluster that also evicts agents whose nodes are gone. */
    evictsStaleAgents?: true;
    /**
     * Of entries that are not of the set, those that others wrote because of it, and that nobody can be given without it;
     * pure. Deleted with the set on a server that stays.
     */
    orphans?(args: Args, others: Entry[]): Entry[];
    /** Called after entries were written, with the IDs of those that were. */
    afterWrite?(
        cluster: Cluster,
        args: Args,
        planned: Entries,
        written: Set<string>,
    ): Promise<void>;
}

/** A plan, as the inputs show it. */
export type Plan = Observed & { entries: Entries };

/** The plan for the nodes that get entries, and those that would have some and get none. */
export function planPresent<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    args: Args,
    { present, excluded }: Pick<RollCall, "present" | "excluded">,
): Plan {
    const sizeFor = (nodes: AgentNode[]) => Object.keys(set.plan(args, nodes).entries).length;
    const shared = sizeFor([]);
    // What a node has no part in, such as entries under an alias, must not change with it.
    const shown = excluded.filter((e) => isBanned(e) || sizeFor([e.node]) > shared);
    const reasons = shown.map(({ node, reason }) => [node.name, reason] as const);
    const plan = set.plan(args, present);
    return reasons.length ? { ...plan, excluded: Object.fromEntries(reasons.sort()) } : plan;
}

/** Finds nodes that have entries of the set, in any of the lists. */
export function hasEntriesIn(idPrefix: string, ...lists: Entry[][]): HasEntries {
    const places = placesOf(idPrefix, lists.flat());
    return ({ uid }) => places.has(uid);
}

/** Says so where the engine shows it. @param nodes and why */
export function warnOfLeftOut(nodes: string): void {
    console.warn(`nodes that are left out until their agents have attested: ${nodes}`);
}
