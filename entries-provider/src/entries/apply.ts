/** Making the server's entries those of the plan, and what follows from that. */
import { Cluster } from "../kube/cluster";
import { messageOf } from "../kube/messageOf";
import { type Attestation, leftOut, staleAgents, waitForAgents } from "../spire/agents";
import type { Entries } from "../spire/entry";
import { SpireServer } from "../spire/spireServer";
import { type EntrySet, hasEntriesIn, planPresent, warnOfLeftOut } from "./entrySet";
import { type EntrySetArgs, type Inputs, unrecorded, withoutObserved } from "./inputs";
import { leave } from "./leave";
import { carryOut, foreignEntriesProblem, owns, stepsTo } from "./reconcile";

/**
 * Waits for the agents, makes the server's entries those of the plan, reads them back, and does what follows a write.
 *
 * @param olds the outputs that the state has.
 * @returns the outputs.
 * @throws Error that, once something may have been written, carries the ID and the outputs: with them the engine keeps
 * the resource. What was not done yet is in its `unfinished`, or found again on the cluster, so the next `up` does it.
 */
export async function apply<Args extends EntrySetArgs>(
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
    const recorded = Object.values(olds?.entries ?? {});
    const hasEntries = hasEntriesIn(inputs.idPrefix, recorded, await server.entries());
    const awaited = { ...inputs, hasEntries, givenUp: olds?.excluded };
    const seen = await waitForAgents(cluster, server, awaited, waitMs);
    const news = leftOut(seen, inputs.excluded);
    if (news !== undefined) warnOfLeftOut(news);
    const planned = planPresent(set, inputs, seen);
    const outs = { ...withoutObserved(inputs), ...planned } as Inputs<Args>;
    const before = await server.entries();
    const foreign = foreignEntriesProblem(planned.entries, before, inputs.idPrefix);
    if (foreign) throw new Error(foreign);
    const steps = stepsTo(planned.entries, before, inputs.idPrefix);
    if (olds && olds.idPrefix !== inputs.idPrefix) {
        const renamed = before.filter((entry) => owns(olds.idPrefix, entry));
        steps.delete.push(...renamed.map((entry) => entry.id));
    }
    if (olds?.foreignServer && serverName(olds) !== serverName(inputs)) await moveOut(set, olds);
    const touched = [...steps.create, ...steps.update, ...unrecorded(planned.entries, olds)];
    let unfinished = new Set(touched.map((entry) => entry.id));
    try {
        await carryOut(server, steps);
        await readBack(server, planned.entries, inputs.idPrefix);
        await set.afterWrite?.(cluster, inputs, planned.entries, unfinished);
        unfinished = new Set();
        if (set.evictsStaleAgents && !inputs.foreignServer)
            await evictStale(cluster, server, inputs, seen);
    } catch (error) {
        const reason = messageOf(error);
        const properties = unfinished.size ? { ...outs, unfinished: [...unfinished].sort() } : outs;
        throw Object.assign(new Error(reason), { id, properties, reasons: [reason] });
    }
    return outs;
}

function serverName({ server }: EntrySetArgs): string {
    return `${server.namespace}/${server.statefulSet}`;
}

/** Someone else's server, which a stack has left, is not what an `up` should fail for. One of ours goes with its entries. */
async function moveOut<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    olds: Inputs<Args>,
): Promise<void> {
    try {
        await leave(set, olds, 0);
    } catch (error) {
        const { idPrefix } = olds;
        console.warn(
            `entries "${idPrefix}." stay on the SPIRE server ${serverName(olds)}: ${messageOf(error)}`,
        );
    }
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

/**
 * Evicts the agents whose nodes are gone by two lists of nodes, the second of which is newer than that of the agents: an
 * agent whose node had just joined when both were read is none of them.
 *
 * @throws Error that lists every agent that could not be evicted, after all were tried.
 */
async function evictStale(
    cluster: Cluster,
    server: SpireServer,
    args: EntrySetArgs,
    { all, agents }: Attestation,
): Promise<void> {
    const suspects = new Set(staleAgents(args, all, agents));
    if (suspects.size === 0) return;
    const nodes = await cluster.nodeHeaders();
    const suspected = agents.filter((agent) => suspects.has(agent.spiffeId));
    const failures: string[] = [];
    for (const agent of staleAgents(args, nodes, suspected)) {
        await server
            .evict(agent)
            .catch((error: unknown) => failures.push(`${agent}: ${messageOf(error)}`));
    }
    if (failures.length) throw new Error(`could not evict agents: ${failures.join("; ")}`);
}
