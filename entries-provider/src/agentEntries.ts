/** The dynamic resource `AgentEntries`: the registration entries that Cilium needs, for all agents of a cluster. */
import { isDeepStrictEqual } from "node:util";
import { type AgentRef, agentNodes, waitForAgents } from "./agents";
import type { Entries } from "./entry";
import { Cluster, ClusterUnreachable } from "./kube";
import { type OperatorRef, operatorNodes, restartOperator } from "./operator";
import { agentSpiffeId, operatorEntryKey, planAgentEntries, type PlanSettings } from "./plan";
import { carryOut, drift, owns, stepsTo } from "./reconcile";
import { type ServerRef, SpireServer } from "./spireServer";

/** What the program asks for. All plain values: a preview must be able to compute the plan. */
export interface AgentEntriesArgs extends PlanSettings {
    /** kubeconfig context; the current one when absent. */
    context?: string;
    server: ServerRef;
    agentDaemonSet: AgentRef;
    operatorDeployment: OperatorRef;
    /** Deadline in seconds for the server to be Ready, and again for all agents to attest. */
    timeoutSeconds: number;
}

/** What `check` reads from the cluster and adds to the inputs, so that a preview shows it. */
export interface Observed {
    /** SPIFFE ID of the agent by node name. Absent with `nodeAlias`, where a new node changes nothing. */
    agents?: Record<string, string>;
    entries?: Entries;
    /** What was changed on the server behind Pulumi's back, by key of the plan. */
    drift?: Record<string, string>;
}

export type AgentEntriesInputs = AgentEntriesArgs & Observed;

/**
 * Reads the live nodes into the inputs. Without a cluster, or before the first `up`, it reads what it can: a preview
 * must not fail on what it does not need.
 */
export async function check(olds: Partial<AgentEntriesInputs>, news: AgentEntriesArgs) {
    return { inputs: { ...news, ...(await observe(olds, news)) } };
}

/** Every difference is an update in place: the entries are reconciled as a set, so nothing is ever replaced. */
export function diff(_id: string, olds: AgentEntriesInputs, news: AgentEntriesInputs) {
    const drifted = Object.keys(news.drift ?? {}).length > 0;
    return Promise.resolve({
        changes: drifted || !isDeepStrictEqual(comparable(olds), comparable(news)),
        deleteBeforeReplace: true,
    });
}

export async function create(inputs: AgentEntriesInputs) {
    return { id: inputs.idPrefix, outs: await apply(inputs) };
}

export async function update(_id: string, olds: AgentEntriesInputs, news: AgentEntriesInputs) {
    return { outs: await apply(news, olds) };
}

/** For `pulumi refresh`: gone when none of our entries is left. */
export async function read(id: string, props: AgentEntriesInputs) {
    const server = await SpireServer.find(new Cluster(props.context), props.server, 0);
    const live = ((await server?.entries()) ?? []).filter((e) => owns(props.idPrefix, e));
    if (live.length === 0) return {};
    const keys = new Map(Object.entries(props.entries ?? {}).map(([key, e]) => [e.id, key]));
    const entries = Object.fromEntries(live.map((e) => [keys.get(e.id) ?? e.id, e]));
    return { id, props: { ...props, entries } };
}

/** Deletes every entry of ours. A server that is gone has taken them along. */
async function remove(_id: string, props: AgentEntriesInputs): Promise<void> {
    const cluster = new Cluster(props.context);
    const server = await SpireServer.find(cluster, props.server, props.timeoutSeconds * 1000);
    if (!server) return;
    const ours = (await server.entries()).filter((entry) => owns(props.idPrefix, entry));
    await carryOut(server, { create: [], update: [], delete: ours.map((entry) => entry.id) });
}
export { remove as delete };

async function observe(
    olds: Partial<AgentEntriesInputs>,
    news: AgentEntriesArgs,
): Promise<Observed> {
    try {
        const cluster = new Cluster(news.context);
        const nodes = await agentNodes(cluster, news.agentDaemonSet);
        const observed = plan(news, nodes);
        if (olds.entries) {
            const server = await SpireServer.find(cluster, news.server, 0).catch(() => undefined);
            const changed = server && drift(olds.entries, await server.entries(), news.idPrefix);
            if (changed && Object.keys(changed).length) observed.drift = changed;
        }
        return observed;
    } catch (error) {
        if (!(error instanceof ClusterUnreachable)) throw error;
        const { agents, entries } = olds;
        return { ...(agents && { agents }), ...(entries && { entries }) };
    }
}

function plan(args: AgentEntriesArgs, nodes: Parameters<typeof planAgentEntries>[1]): Observed {
    const entries = planAgentEntries(args, nodes);
    if (args.registration === "nodeAlias") return { entries };
    const { trustDomain, clusterName } = args;
    const ids = nodes.map(({ name, uid }) => [name, agentSpiffeId(trustDomain, clusterName, uid)]);
    return { agents: Object.fromEntries(ids.sort()) as Record<string, string>, entries };
}

/** Waits for the agents, then makes the server's entries those of the plan and reads them back. */
async function apply(inputs: AgentEntriesInputs, olds?: AgentEntriesInputs) {
    const cluster = new Cluster(inputs.context);
    const waitMs = inputs.timeoutSeconds * 1000;
    const server = await SpireServer.find(cluster, inputs.server, waitMs);
    if (!server) {
        const { namespace, statefulSet } = inputs.server;
        throw new Error(`StatefulSet ${namespace}/${statefulSet} does not exist: no SPIRE server`);
    }
    const nodes = await waitForAgents(cluster, server, inputs.agentDaemonSet, inputs, waitMs);
    const observed = plan(inputs, nodes);
    const planned = observed.entries!;
    const before = await server.entries();
    const steps = stepsTo(planned, before, inputs.idPrefix);
    if (olds && olds.idPrefix !== inputs.idPrefix) {
        steps.delete.push(...before.filter((e) => owns(olds.idPrefix, e)).map((e) => e.id));
    }
    await carryOut(server, steps);
    const left = stepsTo(planned, await server.entries(), inputs.idPrefix);
    const unwritten = [...left.create, ...left.update].map((entry) => entry.id);
    if (unwritten.length || left.delete.length) {
        throw new Error(
            `after writing, the server still differs from the plan in ${[...unwritten, ...left.delete].join(", ")}: ` +
                `does something else manage entries with the prefix "${inputs.idPrefix}."?`,
        );
    }
    const written = new Set([...steps.create, ...steps.update].map((entry) => entry.id));
    const hosts = await operatorNodes(cluster, inputs.operatorDeployment);
    const keys = hosts.map((node) => operatorEntryKey(inputs.registration, node));
    if (keys.some((key) => planned[key] && written.has(planned[key].id))) {
        await restartOperator(cluster, inputs.operatorDeployment);
    }
    const { drift: _healed, ...rest } = inputs;
    return { ...rest, ...observed };
}

/** What counts as a difference: neither the provider's own text nor how patient the waiting is. */
function comparable(inputs: AgentEntriesInputs) {
    const { drift: _drift, timeoutSeconds: _timeout, ...rest } = inputs;
    return { ...rest, __provider: undefined };
}
