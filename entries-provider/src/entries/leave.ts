/** Taking a set of entries from a server. */
import { Cluster } from "../kube/cluster";
import { SpireServer } from "../spire/spireServer";
import type { EntrySet } from "./entrySet";
import type { EntrySetArgs } from "./inputs";
import { carryOut, owns } from "./reconcile";

/**
 * Deletes every entry of ours, and what is left of them on someone else's server. One that is gone has taken them along.
 *
 * @param waitMs how long to wait for a Ready replica.
 */
export async function leave<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    args: Args,
    waitMs: number,
): Promise<void> {
    const server = await SpireServer.find(new Cluster(args), args.server, waitMs);
    if (!server) return;
    const all = await server.entries();
    const others = all.filter((entry) => !owns(args.idPrefix, entry));
    const orphans = args.foreignServer ? (set.orphans?.(args, others) ?? []) : [];
    const ours = all.filter((entry) => owns(args.idPrefix, entry));
    const ids = [...ours, ...orphans].map((entry) => entry.id);
    await carryOut(server, { create: [], update: [], delete: ids });
}
