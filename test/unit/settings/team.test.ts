/** What a team's stack may register: what is not the team's is refused, with the key and the remedy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planWorkloadEntries } from "@cilium-spire/entries-provider";
import { teamEntriesArgs } from "../../../components/entries/team";
import { plainOutputs } from "../../../outputs";
import { ConfigError, decodeSettings } from "../../../settings/decode";
import type { TeamInput } from "../../../settings/team";

const platform = {
    ...plainOutputs(decodeSettings({ trustDomain: "demo.local", clusterName: "east" })),
    agents: {},
};
const id = { project: "shop", stack: "dev" };
const NODES = [
    { name: "a", uid: "1", labels: { zone: "a" } },
    { name: "b", uid: "2", labels: { zone: "b" } },
];

const checkout = { path: "/ns/shop/sa/checkout", selectors: ["k8s:ns:shop", "k8s:sa:checkout"] };
const one = (workload: object): TeamInput => ({
    namespaces: ["shop"],
    workloads: { checkout: { ...checkout, ...workload } },
});
const apps = (accounts: object): TeamInput => ({
    namespaces: ["shop", "bank"],
    accounts: { apps: { serviceAccounts: { shop: ["checkout"] }, ...accounts } },
});

function planned(team: TeamInput) {
    return planWorkloadEntries(teamEntriesArgs(platform, id, team), NODES);
}

function refusal(team: unknown): string {
    try {
        teamEntriesArgs(platform, id, team as TeamInput);
    } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        return error.message;
    }
    return assert.fail("accepted");
}

describe("a team's entries", () => {
    test("carry the name of its stack, under every node or those with the labels", () => {
        const entries = planned(one({}));
        assert.deepEqual(Object.keys(entries), ["a/checkout", "b/checkout"]);
        assert.equal(entries["a/checkout"]!.id, "shop.dev.workloads.1.checkout");
        assert.equal(entries["a/checkout"]!.spiffeId, "spiffe://demo.local/ns/shop/sa/checkout");
        const labelled = planned(one({ parent: { nodeLabels: { zone: "b" } } }));
        assert.deepEqual(Object.keys(labelled), ["b/checkout"]);
    });

    test("are made for each service account of a template, with its names", () => {
        const entries = planned(
            apps({
                serviceAccounts: { shop: ["checkout", "payments"], bank: ["ledger"] },
                dnsNames: ["{{serviceAccount}}.{{namespace}}.svc"],
                selectors: ["k8s:container-name:main"],
                x509SvidTtl: "30m",
            }),
        );
        assert.equal(Object.keys(entries).length, 6);
        const { id: _, parentId: __, ...ledger } = entries["a/apps_bank_ledger"]!;
        assert.deepEqual(ledger, {
            spiffeId: "spiffe://demo.local/ns/bank/sa/ledger",
            selectors: ["k8s:container-name:main", "k8s:ns:bank", "k8s:sa:ledger"],
            dnsNames: ["ledger.bank.svc"],
            x509SvidTtl: 1800,
        });
    });

    test("may have another path where the platform says so", () => {
        const entries = planned({ ...one({ path: "/shop/checkout" }), paths: ["/shop"] });
        assert.equal(entries["a/checkout"]!.spiffeId, "spiffe://demo.local/shop/checkout");
    });
});

const refused: [what: string, team: unknown, message: RegExp][] = [
    ["no namespace", { namespaces: [] }, /namespaces = \[\]: names no namespace; add one/],
    ["namespaces left out", {}, /namespaces: is missing; add namespaces/],
    ["a misspelt key", { ...one({}), path: ["/a"] }, /path: is not a key.*did you mean paths\?/],
    [
        "the platform's namespace",
        { ...one({}), namespaces: ["shop", "spire-system"] },
        /namespaces: spire-system is the platform's.*; remove it/,
    ],
    [
        "another's namespace",
        one({ selectors: ["k8s:ns:bank", "k8s:sa:checkout"] }),
        /workloads\.checkout\.selectors: name k8s:ns:bank, and must name one of this stack's \(shop\); add/,
    ],
    [
        "no namespace among the selectors",
        one({ selectors: ["k8s:sa:checkout"] }),
        /workloads\.checkout\.selectors: name 0 namespaces, and must name one.*; add k8s:ns/,
    ],
    [
        "two namespaces at once",
        { ...one({ selectors: ["k8s:ns:shop", "k8s:ns:bank"] }), namespaces: ["shop", "bank"] },
        /workloads\.checkout\.selectors: name 2 namespaces/,
    ],
    [
        "a selector that only some agents give",
        one({ selectors: ["k8s:ns:shop", "unix:uid:1000"] }),
        /workloads\.checkout\.selectors: unix:uid:1000 is no selector of SPIRE's k8s.*; use k8s:sa/,
    ],
    ...["/ns/bank/sa/x", "/ns/shopping/sa/x", "/bank"].map((path): [string, unknown, RegExp] => [
        `the path ${path}`,
        one({ path }),
        /workloads\.checkout\.path = ".*": is none of this stack's paths \(\/ns\/shop\).*; choose/,
    ]),
    [
        "a path of Cilium's",
        { ...one({ path: "/cilium-agent" }), paths: ["/cilium-agent"] },
        /workloads\.checkout\.path = "\/cilium-agent": is reserved for SPIRE and Cilium; choose/,
    ],
    [
        "a right",
        one({ admin: true }),
        /workloads\.checkout\.admin: is not a key of this program; keys here: path/,
    ],
    [
        "another's alias",
        one({ parent: { alias: "/agents" } }),
        /workloads\.checkout\.parent\.alias: is not a key/,
    ],
    [
        "a namespace of a template that is not the team's",
        apps({ serviceAccounts: { other: ["x"] } }),
        /accounts\.apps\.path = "\/ns\/other\/sa\/x": is none[^]*accounts\.apps\.selectors: name k8s:ns:other/,
    ],
    [
        "a template without accounts",
        apps({ serviceAccounts: { shop: [] } }),
        /accounts\.apps\.serviceAccounts\.shop = \[\]: names no service account; add one/,
    ],
    [
        "a word that stands for nothing",
        apps({ path: "/ns/{{ns}}/x" }),
        /accounts\.apps\.path = "\/ns\/\{\{ns\}\}\/x": must be the path of a SPIFFE ID/,
    ],
    [
        "the same in a DNS name",
        apps({ dnsNames: ["{{pod}}.svc"] }),
        /accounts\.apps\.dnsNames: \{\{pod\}\}\.svc is no DNS name; use one/,
    ],
    [
        "one entry twice",
        { ...apps({}), workloads: { checkout } },
        /accounts\.apps: has the path, the selectors and nodes of workloads\.checkout.*remove one/,
    ],
    [
        "one key twice",
        { ...apps({}), workloads: { apps_shop_checkout: { ...checkout, dnsNames: ["a.org"] } } },
        /accounts\.apps: makes the entry apps_shop_checkout, as workloads\.apps_shop_checkout/,
    ],
];

describe("a team's entries are refused for", () => {
    for (const [what, team, message] of refused) {
        test(what, () => assert.match(refusal(team), message));
    }
});
