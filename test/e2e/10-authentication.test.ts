/** A stack from nothing, the proof that it authenticates, and the controls that must fail. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { agentEntries, Cluster, type Entry } from "@cilium-spire/entries-provider";
import { CLIENTS, SERVER } from "../../examples/mtls-demo/names";
import { demoProof } from "../support/demo";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { demoProgram, enterPulumi, openStack, stackOutputs } from "../../automation/stack";
import { cli } from "../support/cli";
import { start } from "../support/pulumi";
import {
    home,
    kubectl,
    nodeNames,
    openPlatform,
    ourEntries,
    resource,
    sandbox,
    spireServer,
    type World,
} from "../support/world";

const state = {} as World;

before(async () => {
    await removeCluster(sandbox);
    await startCluster(sandbox);
    await enterPulumi(home);
    state.cluster = new Cluster();
});

describe("a stack", () => {
    test("comes up from nothing", async () => {
        state.platform = await openPlatform();
        state.outputs = stackOutputs((await state.platform.up()).outputs);
        assert.equal(state.outputs.trustDomain, "demo.local");
        assert.deepEqual(nodeNames(state).sort(), [
            "precinct-99-control-plane",
            "precinct-99-worker",
            "precinct-99-worker2",
        ]);
    });

    test("shows no changes in the next preview, and makes none in the next up", async () => {
        await state.platform.preview({ expectNoChanges: true });
        const { summary } = await state.platform.up();
        assert.deepEqual(Object.keys(summary.resourceChanges ?? {}), ["same"]);
    });

    test("is the same to the Pulumi CLI by itself", async () => {
        await cli(state.platform, "up", "--expect-no-changes");
    });

    test("is read by another stack through a StackReference", async () => {
        state.demoStack = await openStack(home, await demoProgram("dev"), "dev");
        const result = await state.demoStack.up();
        assert.equal(result.outputs.trustDomain?.value, state.outputs.trustDomain);
    });
});

describe("mutual authentication", () => {
    test("lets the clients connect, on one node and across nodes, and nobody else", async () => {
        state.demo = demoProof(state.cluster, state.outputs);
        for (const { what, seen } of await state.demo.prove(120_000))
            console.log(`${what}: ${seen}`);
    });

    test("blocks the same pods after the entries are removed", async () => {
        const server = await spireServer(state);
        assert.deepEqual(await server.delete((await ourEntries(state)).map((e) => e.id)), []);
        await forgetAuthentications();
        await staysBlocked();
    });

    test("blocks them with the entries of the old guides: no parent link, operator not admin", async () => {
        const server = await spireServer(state);
        const byHand = Object.values(state.outputs.agents ?? {}).flatMap(entriesByHand);
        assert.deepEqual(await server.create(byHand), []);
        try {
            await forgetAuthentications();
            await staysBlocked();
        } finally {
            assert.deepEqual(await server.delete(byHand.map((e) => e.id)), []);
        }
    });

    test("shows in a preview what was removed by hand, entry by entry", async () => {
        const { stdout } = await state.platform.preview({ diff: true });
        for (const node of nodeNames(state)) {
            assert.match(
                stdout,
                new RegExp(`${node}/parent-link\\s*: "was deleted outside Pulumi`),
            );
        }
    });

    test("is restored by the next up within 20 s", async () => {
        await state.platform.up();
        const seconds = await state.demo.waitUntilConnected(60_000);
        console.log(`connected ${seconds.toFixed(1)} s after the up`);
        assert.ok(seconds <= 20, `connected after ${seconds} s only`);
        await state.platform.preview({ expectNoChanges: true });
    });
});

describe("what cannot work", () => {
    test("agents that never attest are named, with the reason, at the deadline", async () => {
        const { inputs } = await resource(state, "AgentEntries");
        const elsewhere = {
            ...inputs,
            clusterName: "elsewhere",
            idPrefix: "test",
            timeoutSeconds: 3,
        } as unknown as Parameters<typeof agentEntries.create>[0];
        await assert.rejects(agentEntries.create(elsewhere), (error: Error) => {
            assert.match(error.message, /no complete attestation of the SPIRE agents after 3 s: /);
            for (const node of nodeNames(state)) {
                assert.match(error.message, new RegExp(`${node}: pod spire-agent-`));
            }
            return true;
        });
    });

    test("a chart that cannot be loaded is named", async () => {
        const config = { "cilium-spire:cilium": { chart: "/no/such/chart" } };
        const { code, output } = await start(home, "preview", config).ended;
        assert.equal(code, 1, output);
        assert.match(output, /\/no\/such\/chart/);
    });
});

/** The delegate as it must be, and the operator as the guides have it. */
function entriesByHand(parentId: string, i: number): Entry[] {
    const account = (name: string) => ["k8s:ns:kube-system", `k8s:sa:${name}`];
    const { trustDomain } = state.outputs;
    return [
        {
            id: `by-hand-${i}-agent`,
            spiffeId: `spiffe://${trustDomain}/cilium-agent`,
            parentId,
            selectors: account("cilium"),
        },
        {
            id: `by-hand-${i}-operator`,
            spiffeId: `spiffe://${trustDomain}/ns/kube-system/sa/cilium-operator`,
            parentId,
            selectors: account("cilium-operator"),
        },
    ];
}

/**
 * Makes Cilium authenticate anew: known pairs live on in the pinned auth map, and in the SVIDs that each agent keeps in
 * memory until they expire.
 */
async function forgetAuthentications(): Promise<void> {
    await kubectl("-n kube-system delete pod -l app.kubernetes.io/part-of=cilium");
    await kubectl("-n kube-system rollout status daemonset/cilium --timeout=180s");
    await state.demo.forgetAuthentications();
}

/** Blocked once could be chance: the first packet of a pair is always dropped. */
async function staysBlocked(): Promise<void> {
    for (let attempt = 0; attempt < 4; attempt++) {
        for (const app of Object.values(CLIENTS)) {
            assert.equal(await state.demo.connects(app), false, `${app} reached ${SERVER}`);
        }
    }
}
