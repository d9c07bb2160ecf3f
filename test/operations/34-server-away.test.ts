/**
 * The server is away for longer than an SVID lives, while pods send requests: what stops, when, and what comes back by itself.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Attempt, isReady, podState, poll } from "@cilium-spire/entries-provider";
import { record } from "../../automation/operationsRecord";
import { proveOnStage } from "../../doctor/proof/onStage";
import { AGNHOST } from "../../doctor/proof/stage";
import { CLIENTS } from "../../examples/mtls-demo/names";
import { Traffic } from "../support/traffic";
import {
    kubectl,
    openPlatform,
    spireServer,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

/** The agents' own SVIDs live as long as those that they hold for Cilium. */
const SVID_MS = 60_000;
const AWAY_MS = 3 * SVID_MS;
/** A container that ended again and again is started again every five minutes (Kubernetes); the agent then has to attest. */
const BACK_MS = 6 * 60_000;
const PROOF_MS = 180_000;

let state: World;
let traffic: Traffic;

before(async () => {
    state = await world();
    state.platform = await openPlatform({
        "cilium-spire:spire": { server: { x509SvidTtl: `${SVID_MS / 1000}s` } },
    });
    await upThenQuiet(state);
    // They renew at half the life of what they have, which is an hour.
    await kubectl("-n spire-system delete pod -l app.kubernetes.io/name=spire-agent");
    await agentsAreReady();
    traffic = await Traffic.start(state.cluster);
    await setTimeout(SVID_MS / 2); // Cilium has got its SVIDs anew
    await state.demo.forgetAuthentications();
    await state.demo.waitUntilConnected(PROOF_MS);
});
after(async () => {
    await traffic.stop();
    state.platform = await openPlatform();
    await upThenQuiet(state);
    await state.demo.waitUntilConnected(PROOF_MS);
});

describe("a server that is away for longer than an SVID lives", () => {
    test("is missed when the SVIDs have expired: nobody is let pass whom nobody has authenticated", async (t) => {
        let blockedAfterMs = 0;
        const report = await traffic.during(async () => {
            await scale(0);
            await kubectl("-n spire-system wait --for=delete pod/spire-server-0 --timeout=60s");
            const start = Date.now();
            blockedAfterMs = await untilBlocked(start);
            await setTimeout(start + AWAY_MS - Date.now());
            assert.deepEqual(await connected(), [], "SVIDs have expired");
        });
        t.diagnostic(`blocked ${seconds(blockedAfterMs)} after the server had gone`);
        t.diagnostic(`agents meanwhile: ${await agentStates()}`);
        record({ operation: "the server away for three minutes (x509SvidTtl 1m)", ...report });
        assert.ok(blockedAfterMs <= SVID_MS + 15_000, `${blockedAfterMs} ms`);
        assert.ok(report.answered > 0 && report.lost > 0);
        // Whom no policy asks to authenticate has not missed it.
        assert.ok(report.plainGapSeconds < 5, `${report.plainGapSeconds} s`);
    });

    test("and all comes back by itself with it", async (t) => {
        const start = Date.now();
        const report = await traffic.during(async () => {
            await scale(1);
            await spireServer(state);
            t.diagnostic(`server Ready after ${since(start)}`);
            await state.demo.waitUntilConnected(BACK_MS);
            t.diagnostic(`pods authenticate after ${since(start)}`);
        });
        await agentsAreReady();
        t.diagnostic(`all agents Ready after ${since(start)}: ${await agentStates()}`);
        record({ operation: "the server back after three minutes (x509SvidTtl 1m)", ...report });
        await state.demo.prove(PROOF_MS);
        await state.platform.preview({ expectNoChanges: true });
        // New identities too, which Cilium's operator registers.
        const verdict = await proveOnStage(state.cluster, state.outputs, {
            ...{ image: AGNHOST, pullSecrets: [], onStep: t.diagnostic.bind(t) },
            ...{ podsWaitMs: PROOF_MS, waitMs: PROOF_MS },
        });
        assert.ok("evidence" in verdict, JSON.stringify(verdict));
        t.diagnostic(`new pods authenticate after ${since(start)}`);
    });
});

async function scale(replicas: number): Promise<void> {
    await kubectl(`-n spire-system scale statefulset/spire-server --replicas=${replicas}`);
}

async function agentsAreReady(): Promise<void> {
    const seconds = BACK_MS / 1000;
    await kubectl(`-n spire-system rollout status daemonset/spire-agent --timeout=${seconds}s`);
}

/** Clients of the demo that reach its server. */
async function connected(): Promise<string[]> {
    const apps = Object.values(CLIENTS);
    const reached = await Promise.all(apps.map((app) => state.demo.connects(app)));
    return apps.filter((_, i) => reached[i]);
}

/** @returns milliseconds since a time, when no client reaches the server any more. */
async function untilBlocked(since: number): Promise<number> {
    const what = "end of the pairs that were authenticated";
    return await poll<number>(AWAY_MS, what, async (): Promise<Attempt<number>> => {
        const still = await connected();
        return still.length > 0 ? { waitingFor: still.join(", ") } : { done: Date.now() - since };
    });
}

/** How often each agent's container has ended, and how the pod is. */
async function agentStates(): Promise<string> {
    const { cluster } = state;
    const labelSelector = "app.kubernetes.io/name=spire-agent";
    const pods = await cluster.list((page) =>
        cluster.core.listNamespacedPod({ namespace: "spire-system", labelSelector, ...page }),
    );
    const states = pods.map((pod) => {
        const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
        return `${restarts} restarts, ${isReady(pod) ? "Ready" : podState(pod)}`;
    });
    return states.join("; ");
}

function since(start: number): string {
    return seconds(Date.now() - start);
}

function seconds(ms: number): string {
    return `${Math.round(ms / 1000)} s`;
}
