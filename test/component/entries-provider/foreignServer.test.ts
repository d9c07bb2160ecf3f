/** A SPIRE server that someone else runs: it gets our entries, and keeps all that is its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeSpire } from "../../support/fakeSpire";
import { ciliumSet, foreignSet } from "./stack";

const spire = FakeSpire.anew();

test("entries are those of a SPIRE of our own", async () => {
    await ciliumSet().up();
    const own = spire.entries;
    spire.data.clear();
    await foreignSet().up();
    assert.deepEqual(spire.entries, own);
});

test("agents whose nodes are gone stay on record", async () => {
    const set = foreignSet();
    await set.up();
    delete spire.nodes.b;
    const { inputs } = await set.preview();
    assert.doesNotMatch(JSON.stringify(inputs.drift ?? {}), /evicted/);
    await set.up();
    assert.deepEqual([...spire.agents.keys()], ["uid-a", "uid-b"]);
    assert.ok(!spire.roles.some((role) => role.startsWith("uid-b")));
});

test("its command line is told of another socket, and of the usual one nothing", async () => {
    await foreignSet().up();
    assert.ok(spire.commands.every((words) => !words.includes("-socketPath")));
    spire.commands = [];
    await foreignSet({ socketPath: "/run/spire/api.sock" }).up();
    assert.ok(spire.commands.length > 0);
    for (const words of spire.commands) {
        assert.deepEqual(words.slice(-2), ["-socketPath", "/run/spire/api.sock"]);
    }
});

/** As cilium-operator writes it, for an identity of Cilium's. */
function identity(id: string, number: number): void {
    spire.data.set(id, {
        entry_id: id,
        spiffe_id: `spiffe://demo.local/identity/${number}`,
        parent_id: "spiffe://demo.local/cilium-operator",
        selectors: [{ type: "cilium", value: "mutual-auth" }],
        entryExpiry: 0,
    });
}

/** Somebody else's entry. */
function other(id: string, spiffeId: string): void {
    spire.data.set(id, {
        entry_id: id,
        spiffe_id: spiffeId,
        parent_id: "spiffe://demo.local/spire/server",
        selectors: [{ type: "k8s_psat", value: "cluster:precinct-99" }],
        entryExpiry: 0,
    });
}

test("when they go, so do the identities that hang on them, and nothing else", async () => {
    other("theirs", "spiffe://demo.local/nodes");
    const set = foreignSet();
    await set.up();
    identity("i1", 4711);
    await set.destroy();
    assert.deepEqual([...spire.data.keys()], ["theirs"]);
});

test("identities that somebody else's agents have too stay", async () => {
    other("theirs", "spiffe://demo.local/cilium-operator");
    identity("i1", 4711);
    const set = foreignSet();
    await set.up();
    await set.destroy();
    assert.deepEqual([...spire.data.keys()], ["theirs", "i1"]);
});

test("a server of our own keeps what Cilium wrote, and goes with it", async () => {
    const set = ciliumSet();
    await set.up();
    identity("i1", 4711);
    await set.destroy();
    assert.deepEqual([...spire.data.keys()], ["i1"]);
});

test("a stack takes nothing away as long as there is no other server to go over to", async () => {
    const set = foreignSet();
    await set.up();
    identity("i1", 4711);
    const before = new Set(spire.data.keys());
    const { server, ...rest } = ciliumSet().args;
    set.args = { ...rest, server: { ...server, namespace: "elsewhere" } };
    await assert.rejects(set.up(), /StatefulSet elsewhere\/spire-server does not exist/);
    assert.deepEqual(new Set(spire.data.keys()), before);
});
