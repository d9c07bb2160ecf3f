/** Nodes that are not there: the others get their entries, nobody loses any, and every preview says who has none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeSpire } from "../../support/fakeSpire";
import { ciliumSet, workloadSet } from "./stack";

const SHARED = ["cluster/cilium-agent", "cluster/cilium-operator"];
const SHOP = { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop", "k8s:sa:shop"] };
const STOPPED = "Kubelet stopped posting node status.";

const spire = FakeSpire.anew();

/** A node whose agent never attested. */
function dead(name: string, more: object = { notReady: STOPPED }): void {
    spire.nodes[name] = { uid: `uid-${name}`, ...more };
}

describe("a node that is not Ready", () => {
    test("and whose agent never attested is left out, shown and warned of; the others get theirs", async () => {
        dead("spot");
        const set = ciliumSet();
        const { inputs, warnings } = await set.preview();
        assert.deepEqual(inputs.excluded, { spot: "its node is not Ready" });
        assert.match(warnings, /left out.*: spot: node is not Ready \(Kubelet stopped posting/);
        await set.up();
        assert.deepEqual(spire.roles, [...SHARED, "uid-a/parent-link", "uid-b/parent-link"]);
        assert.deepEqual(Object.keys(set.outs!.agents!), ["a", "b"]);
        // What a kubelet says of itself changes by the second, and is no difference.
        spire.nodes.spot!.notReady = "PLEG is not healthy: last seen active 3m4s ago";
        assert.equal((await set.preview()).changes, false);
    });

    test("gets its entries by the up after its agent has attested", async () => {
        dead("late");
        const set = ciliumSet();
        await set.up();
        spire.join("late");
        const { inputs, changes } = await set.preview();
        assert.equal(changes, true);
        assert.equal(inputs.excluded, undefined);
        await set.up();
        assert.ok(spire.roles.includes("uid-late/parent-link"));
    });

    test("keeps the entries that it has, also when its agent has expired: a reboot is no difference", async () => {
        const set = ciliumSet();
        await set.up();
        spire.nodes.b!.notReady = STOPPED;
        for (const expire of [() => spire.attest("b", -60), () => spire.agents.delete("uid-b")]) {
            expire();
            const { changes, warnings } = await set.preview();
            assert.deepEqual({ changes, warnings }, { changes: false, warnings: "" });
        }
        // Another change writes, and still takes nothing.
        spire.join("c");
        await set.up();
        assert.ok(spire.roles.includes("uid-b/parent-link"));
        assert.equal(set.outs!.excluded, undefined);
    });

    test("keeps entries of which only the server knows", async () => {
        await ciliumSet().up();
        spire.nodes.b!.notReady = STOPPED;
        spire.agents.delete("uid-b");
        // The state was lost.
        await ciliumSet().up();
        assert.ok(spire.roles.includes("uid-b/parent-link"));
    });

    test("loses its entries when its Node object is another", async () => {
        const set = ciliumSet();
        await set.up();
        dead("b", { uid: "uid-new", notReady: STOPPED });
        assert.deepEqual((await set.preview()).inputs.excluded, { b: "its node is not Ready" });
        await set.up();
        assert.deepEqual(spire.roles, [...SHARED, "uid-a/parent-link"]);
        assert.deepEqual([...spire.agents.keys()], ["uid-a"]);
    });

    test("loses its entries when its agent is banned", async () => {
        const set = ciliumSet();
        await set.up();
        spire.nodes.b!.notReady = STOPPED;
        spire.agents.get("uid-b")!.banned = true;
        await set.up();
        assert.deepEqual(spire.roles, [...SHARED, "uid-a/parent-link"]);
        assert.deepEqual(set.outs!.excluded, { b: "its agent is banned" });
    });

    test("does not hold up the others when the DaemonSet cannot have a pod for it", async () => {
        dead("spot", { notReady: STOPPED, podless: true });
        await ciliumSet().up();
        assert.deepEqual(spire.roles, [...SHARED, "uid-a/parent-link", "uid-b/parent-link"]);
    });

    test("and is deleted holds up nobody, though the DaemonSet still counts it", async () => {
        dead("spot");
        const set = ciliumSet();
        await set.up();
        delete spire.nodes.spot;
        spire.desired = 3;
        await set.up();
        assert.equal(set.outs!.excluded, undefined);
    });

    test("is no input where entries do not depend on nodes, and no difference", async () => {
        const alias = ciliumSet({ strategy: "nodeAlias" });
        await alias.up();
        const labelled = { ...SHOP, parent: { nodeLabels: { shop: "yes" } } };
        const workloads = workloadSet({ shop: labelled });
        spire.join("shop", { labels: { shop: "yes" } });
        await workloads.up();
        dead("spot");
        for (const set of [alias, workloads]) {
            const { inputs, changes, warnings } = await set.preview();
            assert.deepEqual([inputs.excluded, changes], [undefined, false]);
            assert.match(warnings, /spot: node is not Ready/);
        }
    });

    test("is left out of the workloads' entries too", async () => {
        dead("spot");
        const set = workloadSet({ shop: SHOP });
        assert.deepEqual((await set.preview()).inputs.excluded, { spot: "its node is not Ready" });
        await set.up();
        assert.deepEqual(spire.roles, ["uid-a/shop", "uid-b/shop"]);
    });
});

describe("a Ready node without an attested agent", () => {
    const lateness =
        /no complete attestation of the SPIRE agents after 1 s: virtual: pod agent-virtual .*Delete the pod/;

    test("fails an up at the deadline, by name and reason, and nothing is written", async () => {
        dead("virtual", {});
        await assert.rejects(ciliumSet().up(), { message: lateness });
        assert.deepEqual(spire.roles, []);
    });

    test("is planned for: a preview does not wait", async () => {
        dead("virtual", {});
        const { inputs } = await ciliumSet().preview();
        assert.ok(inputs.entries!["virtual/parent-link"]);
        assert.equal(inputs.excluded, undefined);
    });

    test("is left out after the deadline where the settings say so, and not waited for again", async () => {
        dead("virtual", {});
        const set = ciliumSet({ unattestedNodes: "exclude" });
        const { inputs } = await set.preview();
        assert.deepEqual(inputs.excluded, { virtual: "its agent has not attested" });
        await set.up();
        assert.deepEqual(spire.roles, [...SHARED, "uid-a/parent-link", "uid-b/parent-link"]);
        assert.equal((await set.preview()).changes, false);
        spire.join("c");
        set.args = { ...set.args, timeoutSeconds: 60 };
        const begun = Date.now();
        await set.up();
        assert.ok(Date.now() - begun < 10_000, "waited again for a node that was given up");
        assert.ok(spire.roles.includes("uid-c/parent-link"));
    });

    test("is waited for although it was left out while it was not Ready", async () => {
        for (const unattestedNodes of ["fail", "exclude"]) {
            dead("c");
            const set = ciliumSet({ unattestedNodes });
            await set.up();
            assert.deepEqual(set.outs!.excluded, { c: "its node is not Ready" });
            delete spire.nodes.c!.notReady;
            const timer = setTimeout(() => spire.attest("c"), 300);
            await set.up();
            clearTimeout(timer);
            assert.ok(spire.roles.includes("uid-c/parent-link"), unattestedNodes);
            await set.destroy();
            spire.agents.delete("uid-c");
        }
    });

    test("keeps the entries that it has where such nodes are left out", async () => {
        const set = ciliumSet({ unattestedNodes: "exclude" });
        await set.up();
        spire.agents.delete("uid-b");
        assert.equal((await set.preview()).changes, false);
        spire.join("c");
        await set.up();
        assert.ok(spire.roles.includes("uid-b/parent-link"));
    });

    test("that comes in time is waited for in both cases", async () => {
        for (const unattestedNodes of ["fail", "exclude"]) {
            dead("c", {});
            const timer = setTimeout(() => spire.attest("c"), 300);
            await ciliumSet({ unattestedNodes }).up();
            clearTimeout(timer);
            assert.ok(spire.roles.includes("uid-c/parent-link"));
            spire.data.clear();
            spire.agents.delete("uid-c");
        }
    });
});

test("the rule for such nodes is no difference by itself", async () => {
    const set = ciliumSet();
    assert.equal("unattestedNodes" in set.args, false);
    await set.up();
    set.args = { ...set.args, unattestedNodes: "exclude" };
    assert.equal((await set.preview()).changes, false);
});

test("when every node would be left out an up fails and says why; a preview plans for all", async () => {
    spire.agents.clear();
    for (const node of Object.values(spire.nodes)) node.notReady = STOPPED;
    const set = ciliumSet();
    const { inputs, failures, warnings } = await set.preview();
    assert.deepEqual([failures, inputs.excluded], [[], undefined]);
    assert.ok(inputs.entries!["a/parent-link"]);
    assert.match(warnings, /not one node has an agent, so all are planned for: a: .*; b: /);
    await assert.rejects(set.up(), /after 1 s: not one node has an agent: a: node is not Ready/);
    assert.deepEqual(spire.roles, []);
});
