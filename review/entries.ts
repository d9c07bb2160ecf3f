/** Sets of registration entries, by node: a reviewer of 300 nodes reads what happens to them, not 300 lines. */
import type { Entries } from "@cilium-spire/entries-provider";
import type { State, Step, Tree } from "./preview";
import { type Difference, differences, isTree, shown } from "./values";

/** Nodes to which the same happens. */
export interface NodeGroup {
    what: string;
    nodes: string[];
}

/** What changes in one set. Nodes by name, sorted. */
export interface EntrySetChange {
    /** `AgentEntries` or `WorkloadEntries`. */
    kind: string;
    name: string;
    op: "create" | "update" | "delete";
    /** Nodes that get entries and had none. */
    joined: string[];
    /** Nodes whose entries go, and that are not {@link excluded}. */
    left: string[];
    /** Nodes whose Node object was made anew: the agent has another ID. */
    recreated: string[];
    /** Nodes that are newly left out, by why. */
    excluded: NodeGroup[];
    /** Nodes that are there before and after, with other entries. */
    changed: NodeGroup[];
    /** Entries that are there once for all nodes, by key. */
    shared: { key: string; op: "create" | "update" | "delete"; differences: Difference[] }[];
    /** What somebody changed on the server, by what will be done about it; the entries' keys. */
    drift: NodeGroup[];
    /** Agents that are evicted because their nodes are gone. */
    evicted: number;
    /** The last `up` wrote, and did not come to what follows. */
    unfinished: boolean;
    /** How the set itself is asked for. */
    settings: Difference[];
    /** Entries, after. */
    size: number;
}

const KINDS = /:(AgentEntries|WorkloadEntries)$/;
/** What `check` reads from the cluster, and what a failed `up` leaves: everything else is asked for. */
const OBSERVED = ["entries", "agents", "excluded", "drift", "unfinished"];
/** As the provider says of an agent whose node is gone. */
const EVICTED = /will be evicted$/;
/** The place, in an entry's key, of what all nodes share. */
const SHARED = "cluster";

/** True for the resources that are sets of registration entries. */
export function isEntrySet({ type }: Step): boolean {
    return KINDS.test(type);
}

/** What the step does to its entries. */
export function entrySetChange(step: Step): EntrySetChange {
    // What was written last is in the outputs: an `up` reads again, and may have found more than its preview.
    const before = step.op === "create" ? {} : writtenIn(step.old);
    const after = step.op === "delete" ? {} : (step.new?.inputs ?? {});
    const [old, now] = [placesOf(before), placesOf(after)];
    const nodes = (places: Places) => [...places.keys()].filter((place) => place !== SHARED);
    const reasons = recordOf(after.excluded);
    const known = recordOf(before.excluded);
    const stays = nodes(now).filter((node) => old.has(node));
    const isNew = (node: string) => uidOf(old.get(node)!) !== uidOf(now.get(node)!);
    const drift = Object.entries(recordOf(after.drift));
    return {
        kind: KINDS.exec(step.type)![1]!,
        name: step.name,
        op: step.op === "create" || step.op === "delete" ? step.op : "update",
        joined: nodes(now).filter((node) => !old.has(node)),
        left: nodes(old).filter((node) => !now.has(node) && !Object.hasOwn(reasons, node)),
        recreated: stays.filter(isNew),
        excluded: grouped(Object.entries(reasons).filter(([node, why]) => known[node] !== why)),
        changed: grouped(
            stays
                .filter((node) => !isNew(node))
                .map((node) => [node, placeChange(old.get(node)!, now.get(node)!)] as const)
                .filter(([, what]) => what !== ""),
        ),
        shared: sharedChanges(old.get(SHARED) ?? {}, now.get(SHARED) ?? {}),
        drift: grouped(drift.filter(([, what]) => !EVICTED.test(what))),
        evicted: drift.filter(([, what]) => EVICTED.test(what)).length,
        unfinished: Array.isArray(before.unfinished),
        settings: step.op === "update" ? differences(askedIn(before), askedIn(after)) : [],
        size: Object.keys(entriesIn(after)).length,
    };
}

/** True when nothing but the nodes has changed: what {@link entrySetChange} says would follow from an `up` of old code too. */
export function isByNodes(change: EntrySetChange): boolean {
    const { changed, shared, drift, unfinished, settings } = change;
    return [...changed, ...shared, ...drift, ...settings].length === 0 && !unfinished;
}

/** Entries by role, of a node or of all. */
type Place = Record<string, Tree>;
type Places = Map<string, Place>;

function writtenIn(state: State | undefined): Tree {
    const { inputs = {}, outputs = {} } = state ?? {};
    return "entries" in outputs ? outputs : inputs;
}

function entriesIn(props: Tree): Entries {
    return isTree(props.entries) ? (props.entries as unknown as Entries) : {};
}

function askedIn(props: Tree): Tree {
    return Object.fromEntries(Object.entries(props).filter(([key]) => !OBSERVED.includes(key)));
}

/** Entries' keys are `<node or "cluster">/<role>`; no name of a node has a slash. */
function placesOf(props: Tree): Places {
    const places: Places = new Map();
    for (const [key, entry] of Object.entries(entriesIn(props)).sort(byNumber)) {
        const slash = key.indexOf("/");
        const [place, role] = [key.slice(0, slash), key.slice(slash + 1)];
        places.set(place, { ...places.get(place), [role]: entry as unknown as Tree });
    }
    return places;
}

/** `worker2` before `worker10`. */
function byNumber([a]: [string, unknown], [b]: [string, unknown]): number {
    return a.localeCompare(b, "en", { numeric: true });
}

/** IDs are `<prefix>.<UID>.<role>`. */
function uidOf(place: Place): string | undefined {
    const [entry] = Object.values(place);
    return typeof entry?.id === "string" ? entry.id.split(".").at(-2) : undefined;
}

/** Empty when nothing changes. */
function placeChange(before: Place, after: Place): string {
    const roles = new Set([...Object.keys(after), ...Object.keys(before)]);
    const parts = [...roles].flatMap((role) => {
        const [a, b] = [before[role], after[role]];
        if (!a) return [`get ${role}`];
        if (!b) return [`lose ${role}`];
        const fields = differences(a, b).map(({ path }) => path.replace(/[.[].*/, ""));
        return fields.length > 0 ? [`${role}: ${[...new Set(fields)].join(", ")}`] : [];
    });
    return parts.join("; ");
}

function sharedChanges(before: Place, after: Place): EntrySetChange["shared"] {
    const keys = new Set([...Object.keys(after), ...Object.keys(before)]);
    return [...keys].flatMap((key) => {
        const [a, b] = [before[key], after[key]];
        const op = !a ? "create" : !b ? "delete" : "update";
        const found = a && b ? differences(a, b) : [];
        return op === "update" && found.length === 0 ? [] : [{ key, op, differences: found }];
    });
}

function grouped(pairs: readonly (readonly [name: string, what: string])[]): NodeGroup[] {
    const groups = Map.groupBy(pairs, ([, what]) => what);
    return [...groups].map(([what, members]) => ({ what, nodes: members.map(([name]) => name) }));
}

function recordOf(value: unknown): Record<string, string> {
    if (!isTree(value)) return {};
    const entries = Object.entries(value).sort(byNumber);
    return Object.fromEntries(entries.map(([key, inner]) => [key, textOf(inner)]));
}

function textOf(value: unknown): string {
    return typeof value === "string" ? value : shown(value);
}
