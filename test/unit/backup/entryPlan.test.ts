/** What becomes of each entry of a backup. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Entry } from "@cilium-spire/entries-provider";
import { EntryPlan, type EntrySteps, SKIPPED } from "../../../backup/entryPlan";

const TD = "spiffe://demo.local";
const AGENTS = `${TD}/spire/agent`;
const HERE = `${AGENTS}/k8s_psat/precinct-99/uid-a`;
const GROUNDS = {
    trustDomain: "demo.local",
    clusterName: "precinct-99",
    nodeUids: new Set(["uid-a"]),
    agentIds: new Set([HERE, `${AGENTS}/join_token/known`]),
    idPrefixes: ["cilium-spire.dev.cilium", "cilium-spire.dev.workloads"],
    now: 1_800_000_000,
};

const entry = (more: Partial<Entry> = {}): Entry => ({
    id: "shop",
    spiffeId: `${TD}/shop`,
    parentId: HERE,
    selectors: ["k8s:ns:shop"],
    ...more,
});

const identity = entry({
    id: "0b5e6f0e-0000-4000-8000-000000000000",
    spiffeId: `${TD}/identity/17947`,
    parentId: `${TD}/cilium-operator`,
    selectors: ["cilium:mutual-auth"],
});

function planned(backup: Entry, ...live: Entry[]): EntrySteps {
    return new EntryPlan(live, GROUNDS).of([backup]);
}

describe("left out, with the reason", () => {
    const cases: [what: string, entry: Entry, reason: string][] = [
        [
            "one that the stack writes for Cilium",
            entry({ id: "cilium-spire.dev.cilium.uid-a.parent-link" }),
            SKIPPED.own,
        ],
        [
            "one that the stack writes for a workload",
            entry({ id: "cilium-spire.dev.workloads.cluster.shop" }),
            SKIPPED.own,
        ],
        ["an identity of Cilium's", identity, SKIPPED.identity],
        [
            "one under the agent of a node that is gone",
            entry({ parentId: `${AGENTS}/k8s_psat/precinct-99/uid-x` }),
            SKIPPED.node,
        ],
        [
            "one under an agent that joined by a token",
            entry({ parentId: `${AGENTS}/join_token/spent` }),
            SKIPPED.joinToken,
        ],
        ["one that has expired", entry({ expiresAt: 1_800_000_000 }), SKIPPED.expired],
    ];
    for (const [what, skipped, reason] of cases) {
        test(what, () => {
            const { create, update, present, conflicts, skipped: out } = planned(skipped);
            assert.deepEqual([create, update, present, conflicts], [[], [], 0, []]);
            assert.deepEqual([...out.keys()], [reason]);
            assert.match(out.get(reason)![0]!, new RegExp(`^${skipped.id} \\(spiffe://`));
        });
    }
    test("one for which the stack now has an entry of its own", () => {
        const own = entry({ id: "cilium-spire.dev.workloads.uid-a.shop", hint: "x" });
        const { skipped, conflicts } = planned(entry(), own);
        assert.deepEqual([...skipped.keys()], [SKIPPED.taken]);
        assert.deepEqual(conflicts, []);
    });
});

describe("created as it was", () => {
    const cases: [what: string, entry: Entry][] = [
        [
            "one under the agent of a node that is here",
            entry({ admin: true, hint: "h", x509SvidTtl: 60 }),
        ],
        ["one of another stack", entry({ id: "cilium-spire.dev.blue.workloads.uid-a.shop" })],
        [
            "one under an agent of another cluster, which nobody here can judge",
            entry({ parentId: `${AGENTS}/k8s_psat/other/uid-x` }),
        ],
        ["one under an alias that is not there yet", entry({ parentId: `${TD}/alias` })],
        [
            "an alias",
            entry({ parentId: `${TD}/spire/server`, selectors: ["k8s_psat:cluster:precinct-99"] }),
        ],
        [
            "one under an agent that the server knows",
            entry({ parentId: `${AGENTS}/join_token/known` }),
        ],
        ["one that will expire", entry({ expiresAt: 1_800_000_001 })],
        [
            "one that is like an identity but for its number",
            { ...identity, spiffeId: `${TD}/identity/x` },
        ],
        [
            "one that is like an identity but for its selectors",
            { ...identity, selectors: ["cilium:mutual-auth", "k8s:ns:a"] },
        ],
        ["one that is like an identity but for its parent", { ...identity, parentId: HERE }],
    ];
    for (const [what, wanted] of cases) {
        test(what, () => {
            const { create, skipped } = planned(
                wanted,
                entry({ id: "else", selectors: ["k8s:ns:else"] }),
            );
            assert.deepEqual(create, [wanted]);
            assert.equal(skipped.size, 0);
        });
    }
});

describe("what is there", () => {
    test("is no work", () => {
        const { create, present } = planned(entry({ hint: "h" }), entry({ hint: "h" }));
        assert.deepEqual([create, present], [[], 1]);
    });
    test("also under another ID, of which SPIRE allows no second", () => {
        const { create, present } = planned(
            entry({ hint: "h" }),
            entry({ hint: "h", id: "other" }),
        );
        assert.deepEqual([create, present], [[], 1]);
    });
    test("with other content is a conflict, with the fields that differ", () => {
        const { create, update, conflicts } = planned(entry({ hint: "h", admin: true }), entry());
        assert.deepEqual([create, update], [[], [entry({ hint: "h", admin: true })]]);
        assert.match(
            conflicts[0]!,
            /^shop \(.*\): the server's shop differs in (hint, admin|admin, hint)$/,
        );
    });
    test("like it under another ID with other content would be overwritten under that ID", () => {
        const { update, conflicts } = planned(entry({ hint: "h" }), entry({ id: "other" }));
        assert.deepEqual(update, [entry({ id: "other", hint: "h" })]);
        assert.match(conflicts[0]!, /the server's other differs in hint$/);
    });
});
