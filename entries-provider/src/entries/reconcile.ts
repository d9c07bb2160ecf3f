/** From the entries that should be to the entries that are: what to do, and doing it. */
import { isDeepStrictEqual } from "node:util";
import { differingFields, type Entries, type Entry, similarityKey } from "../spire/entry";
import type { EntryFailure, SpireServer } from "../spire/spireServer";

/** What separates a server from a plan. */
export interface Steps {
    create: Entry[];
    update: Entry[];
    /** Entry IDs. */
    delete: string[];
}

/**
 * True for the entries of the set with this prefix: their IDs are `<prefix>.<node UID or "cluster">.<role or key>`. The
 * two segments are counted, so that the stacks `dev` and `dev.blue` do not own each other's entries.
 */
export function owns(idPrefix: string, entry: { id: string }): boolean {
    const start = `${idPrefix}.`;
    return entry.id.startsWith(start) && entry.id.slice(start.length).split(".").length === 2;
}

/** For which places, node UIDs or "cluster", a list has entries of the set with this prefix. */
export function placesOf(idPrefix: string, entries: Entry[]): Set<string> {
    const ours = entries.filter((entry) => owns(idPrefix, entry));
    return new Set(ours.map(({ id }) => id.slice(idPrefix.length + 1).split(".")[0]!));
}

/**
 * Someone else's entries with the SPIFFE ID, parent and selectors of one of ours. SPIRE allows only one such entry, and
 * to take over what we did not write is not ours to decide.
 *
 * @returns what is wrong and what to do, or undefined when there are none.
 */
export function foreignEntriesProblem(
    plan: Entries,
    live: Entry[],
    idPrefix: string,
): string | undefined {
    const wanted = new Set(Object.values(plan).map(similarityKey));
    const foreign = live.filter((e) => !owns(idPrefix, e) && wanted.has(similarityKey(e)));
    if (foreign.length === 0) return undefined;
    const list = foreign.map((e) => `${e.id} (${e.spiffeId} under ${e.parentId})`).join(", ");
    return (
        `${foreign.length} registration entries that this stack needs were written by someone else: ${list}. ` +
        `SPIRE allows one entry per SPIFFE ID, parent and selectors. Delete them with ` +
        `"spire-server entry delete -entryID <id>" and run again.`
    );
}

/** Compares a plan with the entries of a server. Entries of others are left alone. */
export function stepsTo(plan: Entries, live: Entry[], idPrefix: string): Steps {
    const ours = new Map(live.filter((e) => owns(idPrefix, e)).map((e) => [e.id, e]));
    const wanted = Object.values(plan);
    const ids = new Set(wanted.map((entry) => entry.id));
    return {
        create: wanted.filter((entry) => !ours.has(entry.id)),
        update: wanted.filter((entry) => {
            const found = ours.get(entry.id);
            return found !== undefined && !isDeepStrictEqual(found, entry);
        }),
        delete: [...ours.keys()].filter((id) => !ids.has(id)),
    };
}

/**
 * Carries steps out, creations first: an entry that takes over from another is there before the other goes.
 *
 * @throws Error that lists every entry that SPIRE refused, after all steps were tried.
 */
export async function carryOut(server: SpireServer, steps: Steps): Promise<void> {
    const refused: EntryFailure[] = [
        ...(await server.create(steps.create)),
        ...(await server.update(steps.update)),
        ...(await server.delete(steps.delete)),
    ];
    if (refused.length) {
        const list = refused.map((f) => `${f.id}: ${f.message} (code ${f.code})`).join("; ");
        throw new Error(
            `SPIRE refused ${refused.length} registration entries: ${list}${bundleRemedy(refused)}`,
        );
    }
}

/** What to do about trust domains whose bundles the server lacks (sqlstore.go, makeFederatesWith), or nothing. */
function bundleRemedy(refused: EntryFailure[]): string {
    const domains = refused.flatMap(
        ({ message }) =>
            /unable to find federated bundle "(?:spiffe:\/\/)?([^"/]+)/.exec(message)?.[1] ?? [],
    );
    const remedies = [...new Set(domains)].map(
        (domain) =>
            `. The server has not got the bundle of ${domain}: where https_web authenticates its endpoint, run "up" again in a minute; ` +
            `where its own SVID does, first give the server what "spire-server bundle show -format spiffe" prints there, ` +
            `by "spire-server bundle set -id spiffe://${domain} -format spiffe"`,
    );
    return remedies.join("");
}

/**
 * What someone changed behind our back: differences between the entries we wrote last and those on the server. What the
 * plan is about to change anyway is a difference of the plan, and not reported again.
 *
 * @returns a sentence per key of the plan, or per entry ID for one that no plan has.
 */
export function drift(
    written: Entries,
    planned: Entries,
    live: Entry[],
    idPrefix: string,
): Record<string, string> {
    const found = new Map(live.filter((e) => owns(idPrefix, e)).map((e) => [e.id, e]));
    const report: Record<string, string> = {};
    for (const [key, entry] of Object.entries(written)) {
        if (!isDeepStrictEqual(planned[key], entry)) continue;
        const now = found.get(entry.id);
        if (!now) report[key] = "was deleted outside Pulumi: will be created again";
        else if (!isDeepStrictEqual(now, entry)) {
            const fields = differingFields(now, entry).join(", ");
            report[key] = `was edited outside Pulumi (${fields}): will be set back`;
        }
    }
    const known = [...Object.values(written), ...Object.values(planned)].map((entry) => entry.id);
    for (const id of known) found.delete(id);
    for (const id of found.keys()) report[id] = "was added outside Pulumi: will be deleted";
    return report;
}
