/**
 * The life of a set of registration entries as one dynamic resource: what a preview sees, and how the server's entries
 * are made those of the plan. The sets differ in their plan only.
 */
import { isDeepStrictEqual } from "node:util";
import {
    type AgentNode,
    type AgentNodes,
    agentNodes,
    staleAgents,
    waitForAgents,
    withoutBanned,
} from "../spire/agents";
import type { Entries } from "../spire/entry";
import { Cluster } from "../kube/cluster";
import { messageOf } from "../kube/messageOf";
import {
    comparable,
    type EntrySetArgs,
    type Inputs,
    type Observed,
    present,
    unrecorded,
    withoutObserved,
} from "./inputs";
import { carryOut, drift, foreignEntriesProblem, owns, stepsTo } from "./reconcile";
import { type AttestedAgent, SpireServer } from "../spire/spireServer";

/** How one kind of set differs from another. */
export interface EntrySet<Args extends EntrySetArgs> {
    /** The entries that should be; pure. */
    plan(args: Args, nodes: AgentNode[]): Observed & { entries: Entries };
    /** True for the one set per cluster that also evicts agents whose nodes are gone. */
    evictsStaleAgents?: true;
    /** Called after entries were written, with what was. */
    afterWrite?(
        cluster: Cluster,
        args: Args,
        planned: Entries,
        written: Set<string>,
    ): Promise<void>;
}

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
            const keys = new Map(
                Object.entries(props.entries ?? {}).map(([key, e]) => [e.id, key]),
            );
            const entries = Object.fromEntries(ours.map((e) => [keys.get(e.id) ?? e.id, e]));
            return { id, props: { ...props, entries } };
        },

        /** Deletes every entry of ours. A server that is gone has taken them along. */
        async delete(_id: string, props: Inputs<Args>) {
            const cluster = new Cluster(props);
            const server = await SpireServer.find(
                cluster,
                props.server,
                props.timeoutSeconds * 1000,
            );
            if (!server) return;
            const ours = (await server.entries()).filter((e) => owns(props.idPrefix, e));
            await carryOut(server, { create: [], update: [], delete: ours.map((e) => e.id) });
        },
    };
}

async function observe<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    olds: Partial<Inputs<Args>>,
    news: Args,
): Promise<{ observed: Observed; foreign?: string | undefined }> {
    const { entries, agents, excluded } = olds;
    let cluster: Cluster;
    let nodes: AgentNodes;
    try {
        cluster = new Cluster(news);
        nodes = await agentNodes(cluster, news.agentDaemonSet);
    } catch (error) {
        unseen("nodes and entries (shown as they were last written)", error);
        return { observed: present({ entries, agents, excluded }) };
    }
    try {
        const server = await SpireServer.find(cluster, news.server, 0);
        // Before the first `up` there is no server to ask, and all nodes are planned for.
        if (!server) return { observed: set.plan(news, nodes.wanted) };
        const [attested, live] = await Promise.all([server.agents(), server.entries()]);
        const observed = planAllowed(set, news, nodes.wanted, attested);
        const changed = entries ? drift(entries, observed.entries, live, news.idPrefix) : {};
        if (set.evictsStaleAgents) {
            for (const id of staleAgents(news, nodes.all, attested)) {
                changed[id] = "its node is gone: will be evicted";
            }
        }
        if (Object.keys(changed).length) observed.drift = changed;
        return { observed, foreign: foreignEntriesProblem(observed.entries, live, news.idPrefix) };
    } catch (error) {
        unseen("entries on the SPIRE server", error);
        const allowed = nodes.wanted.filter((node) => !Object.hasOwn(excluded ?? {}, node.name));
        return { observed: { ...set.plan(news, allowed), ...present({ excluded }) } };
    }
}

/** The plan for the nodes whose agents are not banned. */
function planAllowed<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    args: Args,
    nodes: AgentNode[],
    attested: AttestedAgent[],
): Observed & { entries: Entries } {
    const { allowed, excluded } = withoutBanned(args, nodes, attested);
    const observed = set.plan(args, allowed);
    return Object.keys(excluded).length ? { ...observed, excluded } : observed;
}

/** Waits for the agents, makes the server's entries those of the plan, and reads them back. */
async function apply<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    inputs: Inputs<Args>,
    id: string,
    olds?: Inputs<Args>,
): Promise<Inputs<Args>> {
    const cluster = new Cluster(inputs);
    const waitMs = inputs.timeoutSeconds * 1000;
    const server = await SpireServer.find(cluster, inputs.server, waitMs);
    if (!server) {
        const { namespace, statefulSet } = inputs.server;
        throw new Error(`StatefulSet ${namespace}/${statefulSet} does not exist: no SPIRE server`);
    }
    const seen = await waitForAgents(cluster, server, inputs.agentDaemonSet, inputs, waitMs);
    const planned = planAllowed(set, inputs, seen.wanted, seen.agents);
    const outs = { ...withoutObserved(inputs), ...planned } as Inputs<Args>;
    const before = await server.entries();
    const foreign = foreignEntriesProblem(planned.entries, before, inputs.idPrefix);
    if (foreign) throw new Error(foreign);
    const steps = stepsTo(planned.entries, before, inputs.idPrefix);
    if (olds && olds.idPrefix !== inputs.idPrefix) {
        const renamed = before.filter((entry) => owns(olds.idPrefix, entry));
        steps.delete.push(...renamed.map((entry) => entry.id));
    }
    try {
        await carryOut(server, steps);
        await readBack(server, planned.entries, inputs.idPrefix);
    } catch (error) {
        // With an ID and properties the engine keeps the resource, so what was written is not lost from the state.
        const reason = messageOf(error);
        throw Object.assign(new Error(reason), { id, properties: outs, reasons: [reason] });
    }
    const written = [...steps.create, ...steps.update, ...unrecorded(planned.entries, olds)];
    const ids = new Set(written.map((entry) => entry.id));
    await set.afterWrite?.(cluster, inputs, planned.entries, ids);
    if (set.evictsStaleAgents) {
        for (const agent of staleAgents(inputs, seen.all, seen.agents)) await server.evict(agent);
    }
    return outs;
}

async function readBack(server: SpireServer, planned: Entries, idPrefix: string): Promise<void> {
    const left = stepsTo(planned, await server.entries(), idPrefix);
    const ids = [...left.create, ...left.update].map((entry) => entry.id).concat(left.delete);
    if (ids.length === 0) return;
    throw new Error(
        `after writing, the server still differs from the plan in ${ids.join(", ")}: ` +
            `does something else manage entries with the prefix "${idPrefix}."?`,
    );
}

/** The engine shows what a provider writes; a preview that could not look must say so. */
function unseen(what: string, error: unknown): void {
    console.warn(`cannot see the ${what}: ${messageOf(error)}`);
}
