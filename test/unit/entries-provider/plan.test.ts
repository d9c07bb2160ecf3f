import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
    type AgentNode,
    type Entries,
    drift,
    foreignEntriesProblem,
    planAgentEntries,
    type PlanSettings,
    stepsTo,
} from "@cilium-spire/entries-provider";
import fc from "fast-check";

const settings: PlanSettings = {
    trustDomain: "demo.local",
    clusterName: "precinct-99",
    idPrefix: "cilium-spire.dev",
    registration: "perAgent",
    agent: { namespace: "spire-system", serviceAccount: "spire-agent" },
    cilium: {
        namespace: "kube-system",
        agentServiceAccount: "cilium",
        operatorServiceAccount: "cilium-operator",
    },
    operatorNodeLabels: {},
};

const nodes = fc.uniqueArray(
    fc.record({
        name: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
        uid: fc.uuid(),
        labels: fc.constant<Record<string, string>>({}),
    }),
    { selector: (node) => node.name, maxLength: 12 },
);
const anySettings = fc.record({
    registration: fc.constantFrom("perAgent" as const, "nodeAlias" as const),
    operatorNodeLabels: fc.constantFrom<Record<string, string>>({}, { role: "control-plane" }),
});

const plan = (list: AgentNode[], more: Partial<PlanSettings> = {}): Entries =>
    planAgentEntries({ ...settings, ...more }, list);

describe("the plan", () => {
    test("gives Cilium's agents the ID that someone else's SPIRE lets ask for others", () => {
        const delegate = "spiffe://demo.local/ns/kube-system/sa/cilium";
        const { "cluster/cilium-agent": entry } = plan([], { delegate });
        assert.equal(entry!.spiffeId, delegate);
        assert.equal(entry!.parentId, "spiffe://demo.local/cilium-operator");
    });

    test("of one node is a link under its agent, and the two identities under the link", () => {
        const link = "spiffe://demo.local/cilium-operator";
        assert.deepEqual(plan([{ name: "worker", uid: "4f2c", labels: {} }]), {
            "cluster/cilium-agent": {
                id: "cilium-spire.dev.cluster.cilium-agent",
                spiffeId: "spiffe://demo.local/cilium-agent",
                parentId: link,
                selectors: [
                    "k8s:container-name:cilium-agent",
                    "k8s:ns:kube-system",
                    "k8s:sa:cilium",
                ],
            },
            "cluster/cilium-operator": {
                id: "cilium-spire.dev.cluster.cilium-operator",
                spiffeId: "spiffe://demo.local/ns/kube-system/sa/cilium-operator",
                parentId: link,
                selectors: ["k8s:ns:kube-system", "k8s:sa:cilium-operator"],
                admin: true,
            },
            "worker/parent-link": {
                id: "cilium-spire.dev.4f2c.parent-link",
                spiffeId: link,
                parentId: "spiffe://demo.local/spire/agent/k8s_psat/precinct-99/4f2c",
                selectors: ["cilium-spire:parent-link:4f2c"],
            },
        });
    });

    test("does not depend on the order of the nodes", () => {
        fc.assert(
            fc.property(nodes, anySettings, (list, more) => {
                assert.deepEqual(plan([...list].reverse(), more), plan(list, more));
            }),
        );
    });

    test("gives no two entries one ID", () => {
        fc.assert(
            fc.property(nodes, anySettings, (list, more) => {
                const ids = Object.values(plan(list, more)).map((entry) => entry.id);
                assert.equal(new Set(ids).size, ids.length);
                for (const id of ids) assert.match(id, /^[-.0-9A-Za-z_]{1,255}$/);
            }),
        );
    });

    test("never makes the ID that every agent has an admin", () => {
        fc.assert(
            fc.property(nodes, anySettings, (list, more) => {
                for (const entry of Object.values(plan(list, more))) {
                    if (entry.spiffeId === "spiffe://demo.local/cilium-operator") {
                        assert.equal(entry.admin, undefined);
                    }
                }
            }),
        );
    });

    test("lets only agents of nodes with the operator's labels reach its identity", () => {
        const list: AgentNode[] = [
            { name: "a", uid: "1", labels: { role: "control-plane" } },
            { name: "b", uid: "2", labels: {} },
        ];
        const entries = plan(list, { operatorNodeLabels: { role: "control-plane" } });
        const parent = entries["cluster/cilium-operator"]!.parentId;
        const links = Object.entries(entries).filter(([, entry]) => entry.spiffeId === parent);
        assert.deepEqual(
            links.map(([key]) => key),
            ["a/operator-link"],
        );
    });

    test("shares no selector between the links, which keeps SPIRE's look-ups short", () => {
        fc.assert(
            fc.property(nodes, (list) => {
                const links = Object.entries(plan(list)).filter(([key]) => key.endsWith("-link"));
                const selectors = links.flatMap(([, entry]) => entry.selectors);
                assert.equal(new Set(selectors).size, list.length);
            }),
        );
    });

    test("by alias does not depend on the nodes at all", () => {
        fc.assert(
            fc.property(nodes, (list) => {
                const alias = { registration: "nodeAlias" as const };
                assert.deepEqual(plan(list, alias), plan([], alias));
            }),
        );
    });
});

describe("the steps to a plan", () => {
    test("are none when the server has it already, and nothing drifted", () => {
        fc.assert(
            fc.property(nodes, anySettings, (list, more) => {
                const entries = plan(list, more);
                const live = Object.values(entries);
                assert.deepEqual(stepsTo(entries, live, settings.idPrefix), {
                    create: [],
                    update: [],
                    delete: [],
                });
                assert.deepEqual(drift(entries, entries, live, settings.idPrefix), {});
            }),
        );
    });

    test("lead from any plan to any other", () => {
        fc.assert(
            fc.property(nodes, anySettings, nodes, anySettings, (from, a, to, b) => {
                const live = new Map(Object.values(plan(from, a)).map((e) => [e.id, e]));
                const target = plan(to, b);
                const steps = stepsTo(target, [...live.values()], settings.idPrefix);
                for (const entry of [...steps.create, ...steps.update]) live.set(entry.id, entry);
                for (const id of steps.delete) live.delete(id);
                const wanted = new Map(Object.values(target).map((e) => [e.id, e]));
                assert.deepEqual(new Map([...live].sort()), new Map([...wanted].sort()));
            }),
        );
    });

    test("leave the entries of others alone", () => {
        const other = {
            id: "cilium-spire.prod.1.cilium-agent",
            spiffeId: "spiffe://demo.local/x",
            parentId: "spiffe://demo.local/y",
            selectors: ["k8s:ns:z"],
        };
        const steps = stepsTo({}, [other], settings.idPrefix);
        assert.deepEqual(steps, { create: [], update: [], delete: [] });
        assert.deepEqual(drift({}, {}, [other], settings.idPrefix), {});
    });

    test("refuse an entry that someone else wrote, naming it", () => {
        const entries = plan([{ name: "worker", uid: "1", labels: {} }]);
        const theirs = { ...entries["cluster/cilium-agent"]!, id: "by-hand" };
        assert.match(
            foreignEntriesProblem(entries, [theirs], settings.idPrefix) ?? "",
            /written by someone else: by-hand \(spiffe:\/\/demo\.local\/cilium-agent under .*entry delete -entryID/,
        );
    });

    test("tell the entries of the stack dev from those of dev.blue", () => {
        const node = { name: "worker", uid: "1", labels: {} };
        const blue = Object.values(plan([node], { idPrefix: "cilium-spire.dev.blue" }));
        assert.deepEqual(stepsTo({}, blue, "cilium-spire.dev").delete, []);
        assert.equal(stepsTo({}, blue, "cilium-spire.dev.blue").delete.length, 3);
    });

    test("and drift tell what was deleted, edited and added by hand", () => {
        const entries = plan([{ name: "worker", uid: "1", labels: {} }]);
        const edited = { ...entries["cluster/cilium-operator"]! };
        delete edited.admin;
        const added = { ...edited, id: "cilium-spire.dev.9.x", spiffeId: "spiffe://demo.local/x" };
        const live = [entries["cluster/cilium-agent"]!, edited, added];
        assert.deepEqual(drift(entries, entries, live, settings.idPrefix), {
            "worker/parent-link": "was deleted outside Pulumi: will be created again",
            "cluster/cilium-operator": "was edited outside Pulumi (admin): will be set back",
            "cilium-spire.dev.9.x": "was added outside Pulumi: will be deleted",
        });
    });

    test("call nothing drift that the plan itself changes", () => {
        fc.assert(
            fc.property(nodes, nodes, (from, to) => {
                const written = plan(from);
                const target = plan(to);
                // A node that joined while the last up was waiting has its entries already.
                const live = Object.values({ ...written, ...target });
                assert.deepEqual(drift(written, target, live, settings.idPrefix), {});
            }),
        );
    });
});
