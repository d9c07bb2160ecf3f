/**
 * The whole life of a stack on a fresh sandbox of its own, through the real engine. The tests run in order, each from the
 * state that the one before left.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Cluster, type Entry, owns, SpireServer } from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import { CLIENTS, SERVER } from "../../examples/mtls-demo/names";
import { Demo } from "../../examples/mtls-demo/proof";
import type { StackOutputs } from "../../outputs";
import { down, up as clusterUp } from "../../sandbox/cluster";
import { instance } from "../../sandbox/instance";
import { kubectl } from "../../sandbox/kubectl";
import {
    demoProgram,
    enterPulumi,
    openStack,
    platformProgram,
    pulumiHome,
    stackOutputs,
} from "../../sandbox/stack";

/** Beside the user's sandbox, which is number 0. */
const sandbox = instance(process.env.CILIUM_SPIRE_TEST_SANDBOX ?? 9);
const home = pulumiHome(sandbox);
const PREFIX = "cilium-spire.dev.cilium";

let platform: Stack;
let demoStack: Stack;
let outputs: StackOutputs;
let demo: Demo;
let cluster: Cluster;

before(async () => {
    await down(sandbox);
    await clusterUp(sandbox);
    await enterPulumi(home);
    cluster = new Cluster();
});
after(() => down(sandbox));

describe("a stack", () => {
    test("comes up from nothing", async () => {
        platform = await openStack(home, await platformProgram(), "dev");
        const result = await platform.up();
        outputs = stackOutputs(result.outputs);
        assert.equal(outputs.trustDomain, "demo.local");
        assert.deepEqual(Object.keys(outputs.agents ?? {}).sort(), [
            "precinct-99-control-plane",
            "precinct-99-worker",
            "precinct-99-worker2",
        ]);
    });

    test("shows no changes in the next preview, and makes none in the next up", async () => {
        await platform.preview({ expectNoChanges: true });
        const { summary } = await platform.up();
        assert.deepEqual(Object.keys(summary.resourceChanges ?? {}), ["same"]);
    });

    test("is read by another stack through a StackReference", async () => {
        demoStack = await openStack(home, demoProgram("dev"), "dev");
        const result = await demoStack.up();
        assert.equal(result.outputs.trustDomain?.value, outputs.trustDomain);
    });
});

describe("mutual authentication", () => {
    test("lets the clients connect, on one node and across nodes, and nobody else", async () => {
        demo = new Demo(cluster, outputs);
        for (const { what, seen } of await demo.prove(120_000)) console.log(`${what}: ${seen}`);
    });

    test("blocks the same pods after the entries are removed", async () => {
        const server = await spireServer();
        assert.deepEqual(await server.delete((await ourEntries()).map((e) => e.id)), []);
        await forgetAuthentications();
        await staysBlocked();
    });

    test("blocks them with the entries of the old guides: no parent link, operator not admin", async () => {
        const server = await spireServer();
        const byHand = Object.values(outputs.agents ?? {}).flatMap((parentId, i) =>
            entriesByHand(parentId, i),
        );
        assert.deepEqual(await server.create(byHand), []);
        await forgetAuthentications();
        await staysBlocked();
        assert.deepEqual(await server.delete(byHand.map((e) => e.id)), []);
    });

    test("shows in a preview what was removed by hand, entry by entry", async () => {
        const { stdout } = await platform.preview({ diff: true });
        for (const node of Object.keys(outputs.agents ?? {})) {
            assert.match(
                stdout,
                new RegExp(`"?${node}/cilium-agent"?\\s*: "was deleted outside Pulumi`),
            );
        }
    });

    test("is restored by the next up within 20 s", async () => {
        await platform.up();
        const seconds = await demo.waitUntilConnected(60_000);
        console.log(`connected ${seconds.toFixed(1)} s after the up`);
        assert.ok(seconds <= 20, `connected after ${seconds} s only`);
        await platform.preview({ expectNoChanges: true });
    });
});

describe("what cannot work", () => {
    test("agents that never attest are named, with the reason, at the deadline", async () => {
        const { agentEntries } = await import("@cilium-spire/entries-provider");
        const exported = await platform.exportStack();
        const resources = (exported.deployment as { resources: ExportedResource[] }).resources;
        const { inputs } = resources.find((r) => r.type.endsWith("spire:AgentEntries"))!;
        const elsewhere = {
            ...inputs,
            clusterName: "elsewhere",
            idPrefix: "test",
            timeoutSeconds: 3,
        };
        await assert.rejects(agentEntries.create(elsewhere as never), (error: Error) => {
            assert.match(error.message, /no complete attestation of the SPIRE agents after 3 s: /);
            for (const node of Object.keys(outputs.agents ?? {})) {
                assert.match(error.message, new RegExp(`${node}: pod spire-agent-`));
            }
            return true;
        });
    });

    test("a chart that cannot be loaded is named", async () => {
        await platform.setConfig("cilium-spire:cilium.chart", { value: "/no/such/chart" }, true);
        await assert.rejects(platform.preview(), /\/no\/such\/chart/);
        platform = await openStack(home, await platformProgram(), "dev");
    });
});

describe("destroy", () => {
    test("ends clean, also when the server's pod was deleted first", async () => {
        await demoStack.destroy();
        const { namespace } = outputs.spireServer;
        await kubectl(sandbox, [
            "-n",
            namespace,
            "delete",
            "pod",
            "spire-server-0",
            "--wait=false",
        ]);
        await platform.destroy();
        const left = await kubectl(sandbox, [
            "get",
            "namespaces,clusterroles,daemonsets,statefulsets",
            "-A",
            "-o",
            "name",
        ]);
        assert.doesNotMatch(left, /spire|cilium/);
    });
});

interface ExportedResource {
    type: string;
    inputs: Record<string, unknown>;
}

async function spireServer(): Promise<SpireServer> {
    const server = await SpireServer.find(cluster, outputs.spireServer, 60_000);
    assert.ok(server, "the StatefulSet of the SPIRE server is gone");
    return server;
}

async function ourEntries(): Promise<Entry[]> {
    return (await (await spireServer()).entries()).filter((entry) => owns(PREFIX, entry));
}

/** The delegate as it must be, and the operator as the guides have it. */
function entriesByHand(parentId: string, i: number): Entry[] {
    const account = (name: string) => ["k8s:ns:kube-system", `k8s:sa:${name}`];
    const { trustDomain } = outputs;
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
    const cilium = ["-n", "kube-system"];
    await kubectl(sandbox, [...cilium, "delete", "pod", "-l", "app.kubernetes.io/part-of=cilium"]);
    await kubectl(sandbox, [...cilium, "rollout", "status", "daemonset/cilium", "--timeout=180s"]);
    for (const node of Object.keys(outputs.agents ?? {})) {
        await demo.inCilium(node, ["cilium-dbg", "bpf", "auth", "flush"]);
    }
}

/** Blocked once could be chance: the first packet of a pair is always dropped. */
async function staysBlocked(): Promise<void> {
    for (let attempt = 0; attempt < 4; attempt++) {
        for (const app of Object.values(CLIENTS)) {
            assert.equal(await demo.connects(app), false, `${app} reached ${SERVER}`);
        }
    }
}
