/** An `up` that fails or dies on its way: the state keeps what was written, and the next one does what is left. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeSpire, refusal } from "../../support/fakeSpire";
import { ciliumSet, workloadSet } from "./stack";

const PODS = "/api/v1/namespaces/kube-system/pods";
const ALL = [
    "cluster/cilium-agent",
    "cluster/cilium-operator",
    "uid-a/parent-link",
    "uid-b/parent-link",
];

// The operator runs on the first.
const spire = FakeSpire.anew();

function failing(pattern: RegExp): void {
    spire.interfere = (asked) => (pattern.test(asked) ? refusal(422, "broken") : undefined);
}

function healed(): void {
    spire.interfere = () => undefined;
}

test("a whole life: entries are written, the operator is restarted once, and all goes at the end", async () => {
    const set = ciliumSet();
    await set.up();
    assert.deepEqual([spire.roles, spire.operatorRestarts], [ALL, 1]);
    assert.equal(set.outs!.unfinished, undefined);
    assert.equal((await set.preview()).changes, false);
    await set.refresh();
    assert.equal((await set.preview()).changes, false);
    // What the operator does not hang on does not disturb it.
    spire.join("c");
    await set.up();
    assert.deepEqual([spire.data.size, spire.operatorRestarts], [5, 1]);
    await set.destroy();
    assert.deepEqual(spire.roles, []);
});

describe("the operator's restart", () => {
    for (const [when, pattern] of [
        ["its pods cannot be read", new RegExp(`^GET ${PODS}$`)],
        ["a pod cannot be deleted", new RegExp(`^DELETE ${PODS}/`)],
    ] as const) {
        for (const refreshed of [false, true]) {
            const between = refreshed ? ", also after a refresh" : "";
            test(`that fails because ${when} is done by the next up${between}`, async () => {
                const set = ciliumSet();
                failing(pattern);
                await assert.rejects(set.up(), /Kubernetes API 422: broken/);
                assert.deepEqual(spire.roles, ALL);
                assert.deepEqual(Object.keys(set.outs!.entries!).length, 4);
                healed();
                if (refreshed) await set.refresh();
                assert.equal((await set.preview()).changes, true);
                await set.up();
                assert.equal(spire.operatorRestarts, 1);
                assert.equal((await set.preview()).changes, false);
            });
        }
    }

    test("is done by the next up when a first one was killed after it had written", async () => {
        const set = ciliumSet();
        failing(new RegExp(PODS));
        await set.killed();
        healed();
        assert.deepEqual([spire.roles, spire.operatorRestarts, set.outs], [ALL, 0, undefined]);
        await set.up();
        assert.equal(spire.operatorRestarts, 1);
    });

    for (const refreshed of [false, true]) {
        const between = refreshed ? ", also after a refresh" : "";
        test(`is done by the next up when a later one was killed so${between}`, async () => {
            const set = ciliumSet();
            await set.up();
            set.args = { ...set.args, operatorNodeLabels: { role: "control" } };
            spire.nodes.a!.labels = { role: "control" };
            failing(new RegExp(PODS));
            await set.killed();
            healed();
            assert.ok(spire.roles.includes("uid-a/operator-link"));
            if (refreshed) await set.refresh();
            await set.up();
            assert.equal(spire.operatorRestarts, 2);
            assert.equal((await set.preview()).changes, false);
        });
    }

    test("is done once entries that SPIRE refused are written", async () => {
        const set = ciliumSet();
        // The first batch has all of them.
        spire.interfere = (asked) => {
            if (asked !== "entry create") return undefined;
            healed();
            return refusal(422, "broken");
        };
        await assert.rejects(set.up());
        assert.equal(spire.operatorRestarts, 0);
        await set.up();
        assert.deepEqual([spire.roles, spire.operatorRestarts], [ALL, 1]);
    });
});

describe("an eviction that fails", () => {
    test("keeps the resource, names the agent, spares no other, and is done by the next up", async () => {
        const set = ciliumSet();
        await set.up();
        spire.join("c");
        delete spire.nodes.b;
        spire.agents.set("uid-gone", { x509svid_expires_at: "1" });
        let first = true;
        spire.interfere = (asked) => {
            if (asked !== "agent evict" || !first) return undefined;
            first = false;
            return { code: 1, stderr: "Error: rpc error: code = Unavailable desc = broken" };
        };
        await assert.rejects(set.up(), /could not evict agents: \S+\/uid-b: .*broken$/);
        assert.deepEqual([...spire.agents.keys()], ["uid-a", "uid-b", "uid-c"]);
        assert.deepEqual(Object.keys(set.outs!.agents!), ["a", "c"]);
        const { inputs, changes } = await set.preview();
        assert.equal(changes, true);
        assert.match(JSON.stringify(inputs.drift), /uid-b":"its node is gone: will be evicted/);
        await set.up();
        assert.deepEqual([...spire.agents.keys()], ["uid-a", "uid-c"]);
        assert.equal(spire.operatorRestarts, 1);
    });
});

test("what is written in several batches and fails in the second is kept, and finished by the next up", async () => {
    const dnsNames = Array.from({ length: 40 }, (_, i) => `${"x".repeat(60)}.${i}.example.org`);
    const workload = (i: number) => ({
        path: `/ns/shop/sa/shop-${i}`,
        selectors: ["k8s:ns:shop", `k8s:sa:shop-${i}`],
        dnsNames,
    });
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    const set = workloadSet(Object.fromEntries(numbers.map((i) => [`shop-${i}`, workload(i)])));
    let creations = 0;
    spire.interfere = (asked) =>
        asked === "entry create" && ++creations === 2 ? { code: 1, stderr: "broken" } : undefined;
    await assert.rejects(set.up(), /entry create .* ended with 1: broken/);
    const [first] = spire.batches;
    assert.ok(first! > 100 && first! < 500, `${first} entries of 3 KB in a batch`);
    assert.ok(set.outs);
    healed();
    await set.up();
    assert.equal(spire.data.size, 600);
    assert.equal((await set.preview()).changes, false);
});

test("no batch has more than 500 entries", async () => {
    for (let i = 0; i < 1000; i++) spire.join(`n${i}`);
    await ciliumSet().up();
    assert.deepEqual(spire.batches, [500, 500, 4]);
});
