/** Entries that follow the cluster: every change of nodes and every change by hand shows in a preview, and `up` heals it. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { V1Pod } from "@kubernetes/client-node";
import { poll, workloadEntries } from "@cilium-spire/entries-provider";
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import { nodeNamed } from "../../sandbox/host/instance";
import { addNode, killNode, recreateNode, removeNode } from "../../sandbox/nodes/nodes";
import { start } from "../support/pulumi";
import {
    agentId,
    home,
    kubectl,
    nodeNames,
    openPlatform,
    ourEntries,
    resource,
    sandbox,
    spireServer,
    uidOf,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

let state: World;
const joined = "precinct-99-worker3";
/** Of a Node object for which no kubelet speaks: a machine that an autoscaler ordered and that never started. */
const absent = "precinct-99-absent";

before(async () => {
    state = await world();
});

describe("nodes", () => {
    test("one that is not Ready is left out, and the others get theirs", async () => {
        const node = { apiVersion: "v1", kind: "Node", metadata: { name: absent } };
        await kubectlOf(sandbox, ["create", "-f", "-"], { input: JSON.stringify(node) });
        try {
            const server = await spireServer(state);
            const entries = await ourEntries(state);
            await server.delete([entries[0]!.id]);
            const { stdout, stderr } = await state.platform.preview({ diff: true });
            assert.match(stdout, new RegExp(`${absent}\\s*: "its node is not Ready"`));
            assert.match(stdout + stderr, new RegExp(`left out until .*: ${absent}: node is not`));
            await upThenQuiet(state);
            assert.deepEqual(new Set(await ourEntries(state)), new Set(entries));
        } finally {
            await kubectl(`delete node ${absent}`);
        }
        await upThenQuiet(state);
    });

    test("one that joins shows in a preview, and gets its entries by an up", async () => {
        await addNode(sandbox, nodeNamed(sandbox, joined));
        await agentPodReady(joined);
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`\\+ ${joined}/parent-link`));
        assert.doesNotMatch(stdout, /[-~] precinct-99-worker2\//);
        await upThenQuiet(state);
        assert.equal((await entriesUnder(await uidOf(joined))).length, 1);
    });

    test("one whose Node object was recreated has a new identity, and the old one is evicted", async () => {
        const before = await uidOf(joined);
        const after = await recreateNode(sandbox, nodeNamed(sandbox, joined));
        assert.notEqual(after, before);
        // Until then it is one that is not there.
        await kubectl(`wait --for=condition=Ready node/${joined} --timeout=60s`);
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`~ ${joined}/parent-link[^]*${before}[^]*${after}`));
        assert.match(stdout, new RegExp(`${before}.*its node is gone: will be evicted`));
        await kubectl(`-n spire-system delete pod --field-selector spec.nodeName=${joined}`);
        await agentPodReady(joined);
        await upThenQuiet(state);
        assert.equal((await entriesUnder(before)).length, 0);
        assert.equal((await entriesUnder(after)).length, 1);
        assert.ok(!(await agentIds()).includes(agentId(state, before)));
    });

    test("one whose agent is banned loses its entries, and the preview says why", async () => {
        const server = await spireServer(state);
        const uid = await uidOf(joined);
        await server.ban(agentId(state, uid));
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`${joined}\\s*: "its agent is banned"`));
        assert.match(stdout, new RegExp(`- ${joined}/parent-link`));
        await upThenQuiet(state);
        assert.equal((await entriesUnder(uid)).length, 0);
        assert.ok(
            (await server.agents()).some((a) => a.spiffeId === agentId(state, uid) && a.banned),
        );
        // Evicting lifts the ban, so that the node can be used on.
        await server.evict(agentId(state, uid));
        await agentPodReady(joined);
        await upThenQuiet(state);
        assert.equal((await entriesUnder(uid)).length, 1);
    });

    test("one that is dead holds up no rollout of SPIRE's agents and Cilium, and is warned of", async () => {
        await killNode(nodeNamed(sandbox, joined));
        await silent(joined);
        const changed = await openPlatform({
            "cilium-spire:spire": { agent: { logLevel: "DEBUG" } },
            "cilium-spire:cilium": { values: { podAnnotations: { "example.org/rolled": "yes" } } },
        });
        const { stdout, stderr } = await changed.up();
        for (const set of ["kube-system/cilium", "spire-system/spire-agent"]) {
            assert.match(stdout + stderr, new RegExp(`${set} leaves out ${joined}: the node is`));
        }
        const selector = ["-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "json"];
        const { items } = JSON.parse(await kubectlOf(sandbox, selector)) as { items: V1Pod[] };
        const rolled = items.filter((pod) => pod.metadata?.annotations?.["example.org/rolled"]);
        const where = new Set(rolled.map((pod) => pod.spec?.nodeName));
        for (const name of nodeNames(state)) assert.ok(where.has(name), `${name} has an old pod`);
        assert.equal((await entriesUnder(await uidOf(joined))).length, 1);
        await addNode(sandbox, nodeNamed(sandbox, joined));
        await openPlatform();
        await upThenQuiet(state);
    });

    test("one that left takes its entries and its agent along", async () => {
        const uid = await uidOf(joined);
        await removeNode(sandbox, nodeNamed(sandbox, joined));
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, new RegExp(`- ${joined}/parent-link`));
        await upThenQuiet(state);
        assert.equal((await entriesUnder(uid)).length, 0);
        assert.ok(!(await agentIds()).includes(agentId(state, uid)));
    });
});

describe("changes by hand", () => {
    test("an edited entry shows with the fields that were edited, and is set back", async () => {
        const server = await spireServer(state);
        const [entry] = await ourEntries(state);
        assert.deepEqual(await server.update([{ ...entry!, x509SvidTtl: 99 }]), []);
        const { stdout } = await state.platform.preview({ diff: true });
        assert.match(stdout, /was edited outside Pulumi \(x509SvidTtl\): will be set back/);
        await upThenQuiet(state);
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
        await upThenQuiet(state);
    });

    test("the entries of another stack on the same server are left alone", async () => {
        const { inputs } = await resource(state, "AgentEntries");
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
        await upThenQuiet(state);
        assert.equal((await theirs()).length, nodeNames(state).length);
        const ours = (await ourEntries(state)).length;
        await workloadEntries.delete("", outs);
        assert.equal((await theirs()).length, 0);
        assert.equal((await ourEntries(state)).length, ours);
    });
});

/** Waits until Kubernetes has noticed that nobody speaks for a node. */
async function silent(node: string): Promise<void> {
    await kubectl(`wait --for=condition=Ready=Unknown node/${node} --timeout=180s`);
}

async function agentPodReady(node: string): Promise<void> {
    await poll(180_000, `Ready SPIRE agent on ${node}`, async () => {
        const ready = await kubectl(
            `-n spire-system get pods --field-selector spec.nodeName=${node} -o jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`,
        );
        return ready === "True" ? { done: true } : { waitingFor: `Ready is "${ready}"` };
    });
}

async function entriesUnder(uid: string): Promise<string[]> {
    const entries = await ourEntries(state);
    return entries.filter((e) => e.parentId === agentId(state, uid)).map((e) => e.id);
}

async function agentIds(): Promise<string[]> {
    return (await (await spireServer(state)).agents()).map((agent) => agent.spiffeId);
}
