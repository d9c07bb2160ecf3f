/** How long it takes to register N agents: this project's batches against one `kubectl exec` per entry, as guides do it. */
import { performance } from "node:perf_hooks";
import {
    type AgentNode,
    carryOut,
    owns,
    planAgentEntries,
    type PlanSettings,
    SERVER_PROGRAM,
    type SpireServer,
    stepsTo,
} from "@cilium-spire/entries-provider";
import type { StackOutputs } from "../outputs";
import { ensureBinary } from "../sandbox/build/binaries";
import { run } from "../sandbox/host/shell";

/** What one way of registering took. */
export interface Registration {
    seconds: number;
    entries: number;
    /** Bytes of the entries as the state holds them, per copy. */
    stateBytes: number;
    /** Growth of the process's resident memory, in bytes. */
    memoryBytes: number;
}

const PREFIX = "cilium-spire.bench.cilium";

/** Agents that no cluster has: SPIRE does not ask whether a parent exists. */
function agents(count: number): AgentNode[] {
    return Array.from({ length: count }, (_, i) => ({
        name: `node-${i}`,
        uid: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
        labels: {},
    }));
}

/** Ours: plan, compare with the server, write in batches, read back. Everything is removed again. */
export async function registerByPlan(
    server: SpireServer,
    outputs: StackOutputs,
    count: number,
): Promise<Registration> {
    const settings: PlanSettings = {
        trustDomain: outputs.trustDomain,
        clusterName: "bench",
        idPrefix: PREFIX,
        registration: "perAgent",
        agent: { namespace: "spire-system", serviceAccount: "spire-agent" },
        cilium: {
            // Not that of the real Cilium: SPIRE would refuse entries like those that it has.
            namespace: "bench",
            agentServiceAccount: "cilium",
            operatorServiceAccount: "cilium-operator",
        },
        operatorNodeLabels: {},
    };
    const memory = process.memoryUsage().rss;
    const start = performance.now();
    const plan = planAgentEntries(settings, agents(count));
    await carryOut(server, stepsTo(plan, await server.entries(), PREFIX));
    const written = (await server.entries()).filter((entry) => owns(PREFIX, entry));
    const seconds = (performance.now() - start) / 1000;
    const memoryBytes = process.memoryUsage().rss - memory;
    const left = stepsTo(plan, written, PREFIX);
    if (left.create.length + left.update.length + left.delete.length > 0) {
        throw new Error(`the server differs from the plan of ${count} agents`);
    }
    await carryOut(server, { create: [], update: [], delete: written.map((entry) => entry.id) });
    const stateBytes = Buffer.byteLength(JSON.stringify(plan));
    return { seconds, entries: written.length, stateBytes, memoryBytes };
}

/**
 * The guides' way: two entries per agent, each by a `kubectl exec` of its own.
 *
 * @param sample how many of the 2 * count entries are really written; the rest is extrapolated.
 * @returns seconds for all of them.
 */
export async function registerByExec(
    server: SpireServer,
    outputs: StackOutputs,
    count: number,
    sample: number,
): Promise<number> {
    const kubectl = await ensureBinary("kubectl");
    const { namespace, statefulSet, container } = outputs.spireServer;
    const into = ["exec", "-n", namespace, `${statefulSet}-0`, "-c", container, "--"];
    const create = [SERVER_PROGRAM, "entry", "create"];
    const ids: string[] = [];
    const start = performance.now();
    for (let i = 0; i < sample; i++) {
        const account = i % 2 ? "cilium-operator" : "cilium";
        const parent = `spiffe://${outputs.trustDomain}/spire/agent/k8s_psat/bench/exec-${i}`;
        const id = `bench-exec-${i}`;
        ids.push(id);
        await run(kubectl, [
            ...into,
            ...create,
            ...["-entryID", id],
            ...["-spiffeID", `spiffe://${outputs.trustDomain}/ns/kube-system/sa/${account}`],
            ...["-parentID", parent],
            ...["-selector", "k8s:ns:kube-system", "-selector", `k8s:sa:${account}`],
        ]);
    }
    const seconds = (performance.now() - start) / 1000;
    await carryOut(server, { create: [], update: [], delete: ids });
    return (seconds / sample) * 2 * count;
}
