import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AgentNode, planWorkloadEntries } from "@cilium-spire/entries-provider";
import { workloadEntriesArgs } from "../../../components/entries/args";
import { decodeSettings } from "../../../settings/decode";

const nodes: AgentNode[] = [
    { name: "a", uid: "1", labels: { zone: "x" } },
    { name: "b", uid: "2", labels: {} },
];

const partner = { profile: "https_web", url: "https://other.example.org" };
const federation = { federatesWith: { "other.example.org": partner } };

function decode(workload: object) {
    return decodeSettings({
        trustDomain: "demo.local",
        clusterName: "c",
        spire: { server: { federation } },
        workloads: { shop: { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop"], ...workload } },
    });
}

const plan = (workload: object) =>
    planWorkloadEntries(
        workloadEntriesArgs(decode(workload), { project: "cilium-spire", stack: "dev" }),
        nodes,
    );

describe("workloads", () => {
    test("stand under the agent of every node, unless labels choose some", () => {
        assert.deepEqual(Object.keys(plan({})), ["a/shop", "b/shop"]);
        assert.deepEqual(Object.keys(plan({ parent: { nodeLabels: { zone: "x" } } })), ["a/shop"]);
    });

    test("stand once under an alias, whatever the nodes", () => {
        const entries = plan({ parent: { alias: "/agents" } });
        assert.deepEqual(Object.keys(entries), ["cluster/shop"]);
        assert.equal(entries["cluster/shop"]!.parentId, "spiffe://demo.local/agents");
    });

    test("carry every field to the entry", () => {
        const entries = plan({
            selectors: ["k8s:sa:shop", "k8s:ns:shop"],
            parent: { nodeLabels: { zone: "x" } },
            dnsNames: ["shop.example.org"],
            x509SvidTtl: "1h30m",
            jwtSvidTtl: "5m",
            hint: "main",
            federatesWith: ["other.example.org"],
        });
        assert.deepEqual(entries["a/shop"], {
            id: "cilium-spire.dev.workloads.1.shop",
            spiffeId: "spiffe://demo.local/ns/shop/sa/shop",
            parentId: "spiffe://demo.local/spire/agent/k8s_psat/c/1",
            selectors: ["k8s:ns:shop", "k8s:sa:shop"],
            dnsNames: ["shop.example.org"],
            x509SvidTtl: 5400,
            jwtSvidTtl: 300,
            hint: "main",
            federatesWith: ["other.example.org"],
        });
    });

    test("have selectors of agents that are not this program's under an alias only", () => {
        const selectors = ["k8s:ns:shop", "unix:uid:1000"];
        assert.throws(
            () => decode({ selectors }),
            /workloads\.shop\.selectors.*no agent of this program gives unix:uid:1000/,
        );
        const entries = plan({ selectors, parent: { alias: "/machines" } });
        assert.deepEqual(entries["cluster/shop"]!.selectors, selectors);
        assert.throws(() => decode({ selectors: ["shop"] }), /must be a selector/);
    });

    test("get admin rights only on named nodes and for a named service account", () => {
        assert.throws(
            () => decode({ admin: true }),
            /workloads\.shop\.parent.*must not hang under every node; name the nodes with parent\.nodeLabels/,
        );
        const parent = { nodeLabels: { zone: "x" } };
        assert.throws(
            () => decode({ downstream: true, parent }),
            /workloads\.shop\.selectors.*needs a k8s:ns and a k8s:sa selector/,
        );
        const selectors = ["k8s:ns:shop", "k8s:sa:shop"];
        assert.equal(plan({ admin: true, parent, selectors })["a/shop"]!.admin, true);
    });

    test("cannot take the IDs of SPIRE and Cilium", () => {
        for (const path of ["/cilium-operator", "/cilium-agent", "/identity/7", "/spire/server"]) {
            assert.throws(
                () => decode({ path }),
                /is reserved for SPIRE and Cilium; choose another/,
            );
        }
    });

    test("must be selected by something that an attestor knows", () => {
        assert.throws(() => decode({ selectors: [] }), /needs at least one selector/);
        assert.throws(() => decode({ selectors: ["app:shop"] }), /no agent .* gives app:shop/);
    });
});
