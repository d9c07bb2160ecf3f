/**
 * The life of a set of registration entries as one dynamic resource: what a preview sees, and how the server's entries
 * are made those of the plan.
 */
import { isDeepStrictEqual } from "node:util";
import { Cluster } from "../kube/cluster";
import { SpireServer } from "../spire/spireServer";
import { apply } from "./apply";
import type { EntrySet } from "./entrySet";
import { comparable, type EntrySetArgs, type Inputs, unrecorded } from "./inputs";
import { observe } from "./observe";
import { leave } from "./leave";
import { owns } from "./reconcile";

/** The methods of a dynamic resource for a set. */
export function entrySetResource<Args extends EntrySetArgs>(set: EntrySet<Args>) {
    return {
        /**
         * Reads the live nodes, agents and entries into the inputs. What cannot be read is taken as it was last: a preview
         * must not fail on what it does not need.
         */
        async check(olds: Partial<Inputs<Args>>, news: Args) {
            const { observed, foreign } = await observe(set, olds, news);
            const failures = foreign ? [{ property: "entries", reason: foreign }] : [];
            return { inputs: { ...news, ...observed }, failures };
        },

        /** Every difference is an update in place: the set is reconciled as a whole, nothing is ever replaced. */
        diff(_id: string, olds: Inputs<Args>, news: Inputs<Args>) {
            const drifted = Object.keys(news.drift ?? {}).length > 0;
            if (olds.unfinished) {
                // It is in the outputs alone, and those are no part of what a preview shows.
                console.warn("the last up did not come to all that follows a write; an up does it");
            }
            const changes = drifted || !isDeepStrictEqual(comparable(olds), comparable(news));
            return Promise.resolve({ changes });
        },

        async create(inputs: Inputs<Args>) {
            const id = inputs.idPrefix;
            return { id, outs: await apply(set, inputs, id) };
        },

        async update(id: string, olds: Inputs<Args>, news: Inputs<Args>) {
            return { outs: await apply(set, news, id, olds) };
        },

        /** For `pulumi refresh`: the entries as they are; gone when none of ours is left. */
        async read(id: string, props: Inputs<Args>) {
            const server = await SpireServer.find(new Cluster(props), props.server, 0);
            const ours = ((await server?.entries()) ?? []).filter((e) => owns(props.idPrefix, e));
            if (ours.length === 0) return {};
            const recorded = Object.entries(props.entries ?? {});
            const keys = new Map(recorded.map(([key, e]) => [e.id, key]));
            const entries = Object.fromEntries(ours.map((e) => [keys.get(e.id) ?? e.id, e]));
            // A killed `up` may have written them: what it did not come to must not be forgotten with their recording.
            const unfinished = unrecorded(entries, props)
                .map((e) => e.id)
                .sort();
            return { id, props: { ...props, entries, ...(unfinished.length && { unfinished }) } };
        },

        async delete(_id: string, props: Inputs<Args>) {
            await leave(set, props, props.timeoutSeconds * 1000);
        },
    };
}
