/** What a set of registration entries is asked for and what is seen of it, as the state keeps both. */
import { isDeepStrictEqual } from "node:util";
import type { DaemonSetRef } from "../kube/daemonSets";
import type { ClusterChoice } from "../kube/kubeConfig";
import type { AttendanceRules } from "../spire/agents";
import type { Entries, Entry } from "../spire/entry";
import type { ServerRef } from "../spire/spireServer";

/** What every set is asked for. All plain values: a preview must be able to compute the plan. */
export interface EntrySetArgs extends ClusterChoice, AttendanceRules {
    trustDomain: string;
    clusterName: string;
    /** First part of the ID of every entry: what carries it is ours, and nothing else is. */
    idPrefix: string;
    server: ServerRef;
    agentDaemonSet: DaemonSetRef;
    /** Someone else runs the server: agents whose nodes are gone are theirs to evict. */
    foreignServer?: true;
    /** Deadline in seconds for the server to be Ready, and again for all agents to attest. */
    timeoutSeconds: number;
}

/** What `check` reads from the cluster and adds to the inputs, so that a preview shows it. */
export interface Observed {
    entries?: Entries;
    /** SPIFFE ID of the agent by node name, where the entries depend on the nodes. */
    agents?: Record<string, string>;
    /** Nodes that get no entries, and why. */
    excluded?: Record<string, string>;
    /** What is not on the server as it was left, and what will be done about it. */
    drift?: Record<string, string>;
}

/** What an `up` that failed leaves in the outputs alone, where it is a difference to every next one. */
export interface Unfinished {
    /** IDs of entries that may have been written, without what follows a write. */
    unfinished?: string[];
}

export type Inputs<Args> = Args & Observed & Unfinished;

/** What an `up` that was killed, or failed, may have written: it did not come to what follows a write. */
export function unrecorded(planned: Entries, state: Observed & Unfinished = {}): Entry[] {
    const unfinished = new Set(state.unfinished);
    return Object.entries(planned)
        .filter(([key, e]) => unfinished.has(e.id) || !isDeepStrictEqual(e, state.entries?.[key]))
        .map(([, entry]) => entry);
}

/** Without what is undefined, which cannot be sent to the engine. */
export function present(observed: object): Observed {
    return Object.fromEntries(
        Object.entries<unknown>(observed as Record<string, unknown>).filter(
            ([, v]) => v !== undefined,
        ),
    );
}

export function withoutObserved<Args>(inputs: Inputs<Args>): object {
    const {
        entries: _entries,
        agents: _agents,
        excluded: _excluded,
        drift: _drift,
        unfinished: _unfinished,
        ...args
    } = inputs;
    return args;
}

/** What counts as a difference: neither the provider's own text, nor how the waiting is done, nor drift itself. */
export function comparable(inputs: Inputs<EntrySetArgs>): object {
    const { drift: _drift, timeoutSeconds: _timeout, unattestedNodes: _rule, ...rest } = inputs;
    return { ...rest, __provider: undefined };
}
