/** Entries that follow the cluster: every change of nodes and every change by hand shows in a preview, and `up` heals it. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { agentSpiffeId, poll, workloadEntries } from "@cilium-spire/entries-provider";
import { addNode, recreateNode, removeNode } from "../../sandbox/nodes";
import { nodeNamed } from "../../sandbox/instance";
import { start } from "../support/pulumi";
import {
    home,
    kubectl,
    nodeNames,
    ourEntries,
    sandbox,
    spireServer,
    world,
    type World,
} from "./world";

let state: World;
const joined = "precinct-99-worker3";

before(async () => {
    state = await world();
});

describe("nodes", () => {
    test("one that joins shows in a preview, and gets its entries by an up", async () => {
        await addNode(sandbox, nodeNamed(sandbox, joined));
        await agentPodReady(joined);
        const { stdout } = await state.platform.preview({ diff: true });
        for (const role of ["cilium-agent", "cilium-operator", "parent-link"]) {
            assert.match(stdout, new RegExp(`\\+ ${joined}/${role}`));
        }
        assert.doesNotMatch(stdout, /[-~] precinct-99-worker2\//);
        await upThenQuiet();
        assert.equal((await entriesUnder(await uidOf(joined))).length, 3);
    });

    test("one whose Node object was recreated has a new identity, and the old one is evicted", async () => {
        const before = await uidOf(joined);
        const after = await recreateNode(sandbox, nodeNamed(sandbox, joined));
        assert.notEqual(after, before);
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`~ ${joined}/cilium-agent[^]*${before}[^]*${after}`));
        assert.match(stdout, new RegExp(`${before}.*its node is gone: will be evicted`));
        await kubectl(
            "-n",
            "spire-system",
            "delete",
            "pod",
            "--field-selector",
            `spec.nodeName=${joined}`,
        );
        await agentPodReady(joined);
        await upThenQuiet();
        assert.equal((await entriesUnder(before)).length, 0);
        assert.equal((await entriesUnder(after)).length, 3);
        assert.ok(!(await agentIds()).includes(agentId(before)));
    });

    test("one whose agent is banned loses its entries, and the preview says why", async () => {
        const server = await spireServer(state);
        const uid = await uidOf(joined);
        await server.ban(agentId(uid));
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`${joined}\\s*: "its agent is banned"`));
        assert.match(stdout, new RegExp(`- ${joined}/cilium-agent`));
        await upThenQuiet();
        assert.equal((await entriesUnder(uid)).length, 0);
        assert.ok((await server.agents()).some((a) => a.spiffeId === agentId(uid) && a.banned));
        // Evicting lifts the ban, so that the node can be used on.
        await server.evict(agentId(uid));
        await agentPodReady(joined);
        await upThenQuiet();
        assert.equal((await entriesUnder(uid)).length, 3);
    });

    test("one that left takes its entries and its agent along", async () => {
        const uid = await uidOf(joined);
        await removeNode(sandbox, nodeNamed(sandbox, joined));
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`- ${joined}/cilium-agent`));
        await upThenQuiet();
        assert.equal((await entriesUnder(uid)).length, 0);
        assert.ok(!(await agentIds()).includes(agentId(uid)));
    });
});

describe("changes by hand", () => {
    test("an edited entry shows with the fields that were edited, and is set back", async () => {
        const server = await spireServer(state);
        const [entry] = await ourEntries(state);
        assert.deepEqual(await server.update([{ ...entry!, x509SvidTtl: 99 }]), []);
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, /was edited outside Pulumi \(x509SvidTtl\): will be set back/);
        await upThenQuiet();
        assert.deepEqual(
            (await ourEntries(state)).find((e) => e.id === entry!.id),
            entry,
        );
    });

    test("someone else's entry in the way is named, and never overwritten", async () => {
        const server = await spireServer(state);
        const [entry] = await ourEntries(state);
        await server.delete([entry!.id]);
        const theirs = { ...entry!, id: "theirs" };
        assert.deepEqual(await server.create([theirs]), []);
        for (const verb of ["preview", "up"] as const) {
            const { code, output } = await start(home, verb).ended;
            assert.equal(code, 1, output);
            assert.match(output, /written by someone else: theirs \(/);
        }
        assert.deepEqual(
            (await server.entries()).find((e) => e.id === "theirs"),
            theirs,
        );
        await server.delete(["theirs"]);
        await upThenQuiet();
    });

    test("the entries of another stack on the same server are left alone", async () => {
        const { inputs } = await resource("AgentEntries");
        const other = {
            ...inputs,
            idPrefix: "cilium-spire.other.workloads",
            workloads: {
                shop: {
                    spiffeId: "spiffe://demo.local/ns/shop/sa/shop",
                    selectors: ["k8s:ns:shop"],
                    parent: { nodeLabels: {} },
                },
            },
        } as unknown as Parameters<typeof workloadEntries.create>[0];
        const { outs } = await workloadEntries.create(other);
        const server = await spireServer(state);
        const theirs = async () => (await server.entries()).filter((e) => e.id.includes(".other."));
        assert.equal((await theirs()).length, nodeNames(state).length);
        await server.delete([(await ourEntries(state))[0]!.id]);
        await upThenQuiet();
        assert.equal((await theirs()).length, nodeNames(state).length);
        const ours = (await ourEntries(state)).length;
        await workloadEntries.delete("", outs);
        assert.equal((await theirs()).length, 0);
        assert.equal((await ourEntries(state)).length, ours);
    });
});

describe("an absent server", () => {
    test("does not fail a preview, which says what it could not see", async () => {
        await kubectl("-n", "spire-system", "scale", "statefulset/spire-server", "--replicas=0");
        await kubectl(
            "-n",
            "spire-system",
            "wait",
            "--for=delete",
            "pod/spire-server-0",
            "--timeout=60s",
        );
        try {
            const { stdout, stderr } = await state.platform.preview({ expectNoChanges: true });
            assert.match(
                stdout + stderr,
                /cannot see the entries on the SPIRE server: no Ready pod/,
            );
        } finally {
            await kubectl(
                "-n",
                "spire-system",
                "scale",
                "statefulset/spire-server",
                "--replicas=1",
            );
        }
        await spireServer(state);
    });

    test("that comes back with an empty store is filled by one up", async () => {
        await kubectl("-n", "spire-system", "scale", "statefulset/spire-server", "--replicas=0");
        await kubectl(
            "-n",
            "spire-system",
            "wait",
            "--for=delete",
            "pod/spire-server-0",
            "--timeout=60s",
        );
        await kubectl("-n", "spire-system", "delete", "pvc", "data-spire-server-0");
        await kubectl("-n", "spire-system", "scale", "statefulset/spire-server", "--replicas=1");
        await spireServer(state);
        // No pod is touched: the agents find that the CA is new, drop the old one and attest again.
        await upThenQuiet();
        assert.equal((await ourEntries(state)).length, 3 * nodeNames(state).length);
        await state.demo.waitUntilConnected(120_000);
    });
});

describe("interrupted", () => {
    test("a partial failure keeps what was written, and the next up finishes", async () => {
        const workload = (dnsName: string) => ({
            path: "/ns/shop/sa/shop",
            selectors: ["k8s:ns:shop", `k8s:pod-label:dns:${dnsName}`],
            dnsNames: [dnsName],
        });
        const config = (second: string) => ({
            "cilium-spire:workloads": {
                value: JSON.stringify({ good: workload("good"), second: workload(second) }),
            },
        });
        const { code, output } = await start(home, "up", config("not a name")).ended;
        assert.equal(code, 1, output);
        assert.match(output, /SPIRE refused 3 registration entries: .*\.second: /);
        const kept = await resource("WorkloadEntries");
        assert.equal(Object.keys(kept.inputs.entries as object).length, 6);
        const workloads = async () =>
            (await (await spireServer(state)).entries()).filter((e) =>
                e.id.includes(".workloads."),
            );
        assert.equal((await workloads()).length, 3);
        assert.equal((await start(home, "up", config("second")).ended).code, 0);
        assert.equal((await workloads()).length, 6);
        await upThenQuiet();
        assert.equal((await workloads()).length, 0);
    });

    test("an up that is killed while it writes leaves nothing that the next one does not mend", async () => {
        const server = await spireServer(state);
        await server.delete((await ourEntries(state)).map((entry) => entry.id));
        const { child, ended } = start(home, "up");
        await poll(120_000, "entry written by the up", async () =>
            (await ourEntries(state)).length ? { done: true } : { waitingFor: "none so far" },
        );
        process.kill(-child.pid!, "SIGKILL");
        await ended;
        await upThenQuiet();
        const entries = await ourEntries(state);
        assert.equal(entries.length, 3 * nodeNames(state).length);
        assert.equal(new Set(entries.map((e) => e.spiffeId + e.parentId)).size, entries.length);
    });
});

describe("strategies", () => {
    test("perAgent to nodeAlias and back, in one up each, without a gap in authentication", async () => {
        for (const [strategy, count] of [
            ["nodeAlias", 3],
            ["perAgent", 9],
        ] as const) {
            await state.platform.setConfig(
                "cilium-spire:registration.strategy",
                { value: strategy },
                true,
            );
            const watch = watchConnection();
            await upThenQuiet();
            assert.equal((await ourEntries(state)).length, count);
            assert.deepEqual(await watch.stop(), []);
        }
    });
});

/** An `up`, after which a preview has nothing to say. */
async function upThenQuiet(): Promise<void> {
    await state.platform.up();
    await state.platform.preview({ expectNoChanges: true });
}

/** Connects again and again until stopped; returns the apps that could not. */
function watchConnection(): { stop: () => Promise<string[]> } {
    let stopped = false;
    const failed: string[] = [];
    const loop = async () => {
        while (!stopped) {
            for (const app of ["client-same-node", "client-other-node"]) {
                if (!(await state.demo.connects(app))) failed.push(app);
            }
        }
    };
    const running = loop();
    return {
        stop: async () => {
            stopped = true;
            await running;
            return failed;
        },
    };
}

async function agentPodReady(node: string): Promise<void> {
    await poll(180_000, `Ready SPIRE agent on ${node}`, async () => {
        const text = await kubectl(
            "-n",
            "spire-system",
            "get",
            "pods",
            "--field-selector",
            `spec.nodeName=${node}`,
            "-o",
            'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
        );
        return text === "True" ? { done: true } : { waitingFor: `Ready is "${text}"` };
    });
}

async function uidOf(node: string): Promise<string> {
    return await kubectl("get", "node", node, "-o", "jsonpath={.metadata.uid}");
}

function agentId(uid: string): string {
    const { trustDomain, clusterName } = state.outputs;
    return agentSpiffeId(trustDomain, clusterName, uid);
}

async function entriesUnder(uid: string): Promise<string[]> {
    const entries = await ourEntries(state);
    return entries.filter((e) => e.parentId === agentId(uid)).map((e) => e.id);
}

async function agentIds(): Promise<string[]> {
    return (await (await spireServer(state)).agents()).map((agent) => agent.spiffeId);
}

/** A resource of the stack as its state has it. */
async function resource(type: string): Promise<{ inputs: Record<string, unknown> }> {
    const { deployment } = (await state.platform.exportStack()) as {
        deployment: { resources: { type: string; inputs: Record<string, unknown> }[] };
    };
    const found = deployment.resources.find((r) => r.type.endsWith(`:${type}`));
    assert.ok(found, `no resource of type ${type} in the state`);
    return found;
}
