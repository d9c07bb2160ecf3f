/** A SPIRE that someone else runs: which settings it has, and which it cannot have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentEntriesArgs } from "../../../components/entries/args";
import { ciliumArgs } from "../../../components/cilium/args";
import { observabilityObjects } from "../../../components/observability/objects";
import { plainOutputs } from "../../../outputs";
import { decodeSettings } from "../../../settings/decode";
import { siteOf, knownStack } from "../../../doctor/site";

const STACK = { trustDomain: "demo.local", clusterName: "precinct-99" };
const ID = { project: "cilium-spire", stack: "dev" };

function decode(spire: object = {}, more: object = {}) {
    return decodeSettings({ ...STACK, ...more, spire: { mode: "external", ...spire } });
}

function refusal(spire: object, more: object = {}): string {
    try {
        decode(spire, more);
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}

/** As the guides' hand-made cluster has it. */
const BY_HAND = {
    server: { namespace: "spire-system", port: 8081 },
    agent: { delegate: "/ns/kube-system/sa/cilium" },
    sockets: {
        workload: "/run/spire/sockets/agent.sock",
        admin: "/run/spire/admin-sockets/admin.sock",
    },
};

test("without a word more it is the SPIRE of helm-charts-hardened", () => {
    const settings = decode();
    assert.equal(ciliumArgs(settings).serverAddress, "spire-server.spire-server.svc:443");
    const { server, agentDaemonSet, agent, delegate, foreignServer } = agentEntriesArgs(
        settings,
        ID,
    );
    assert.deepEqual(server, {
        namespace: "spire-server",
        statefulSet: "spire-server",
        container: "spire-server",
    });
    assert.deepEqual(agentDaemonSet, { namespace: "spire-system", daemonSet: "spire-agent" });
    assert.deepEqual(agent, { namespace: "spire-system", serviceAccount: "spire-agent" });
    assert.equal(delegate, "spiffe://demo.local/cilium-agent");
    assert.equal(foreignServer, true);
});

test("entries, Cilium and the doctor are told of where it is", () => {
    const settings = decode({
        ...BY_HAND,
        server: { ...BY_HAND.server, service: "api", socketPath: "/run/spire/api.sock" },
    });
    const cilium = ciliumArgs(settings);
    assert.equal(cilium.serverAddress, "api.spire-system.svc:8081");
    assert.deepEqual(cilium.sockets, BY_HAND.sockets);
    const entries = agentEntriesArgs(settings, ID);
    assert.equal(entries.server.socketPath, "/run/spire/api.sock");
    assert.equal(entries.delegate, "spiffe://demo.local/ns/kube-system/sa/cilium");
    assert.deepEqual(siteOf(knownStack(settings, ID)).server, entries.server);
    const { spireServer, trustBundle } = plainOutputs(settings);
    assert.deepEqual(spireServer, {
        address: "api.spire-system.svc:8081",
        namespace: "spire-system",
        statefulSet: "spire-server",
        container: "spire-server",
    });
    assert.equal(trustBundle, undefined);
});

test("a stack that installs its SPIRE says nothing new to its entries", () => {
    const args = agentEntriesArgs(decodeSettings(STACK), ID);
    assert.ok(!("delegate" in args) && !("foreignServer" in args));
    assert.ok(!("socketPath" in args.server));
});

test("nothing is made of someone else's SPIRE", () => {
    assert.deepEqual(observabilityObjects(decode()), []);
});

const refused: [string, object, object, RegExp][] = [
    ...["replicas", "storage", "adminIds"].map((key): [string, object, object, RegExp] => [
        `spire.server.${key}`,
        { server: { [key]: 3 } },
        {},
        new RegExp(`spire\\.server\\.${key}: describes an installation, but with spire\\.mode`),
    ]),
    ["spire.agent.kubelet", { agent: { kubelet: {} } }, {}, /spire\.agent\.kubelet: describes an/],
    ["namespaces", { createNamespaces: true }, {}, /spire\.createNamespaces: describes an/],
    [
        "a delegate that is the operator",
        { agent: { delegate: "/ns/kube-system/sa/cilium-operator" } },
        {},
        /spire\.agent\.delegate = .*: is the identity of Cilium's operator/,
    ],
    [
        "a delegate of Cilium's own paths",
        { agent: { delegate: "/identity/7" } },
        {},
        /spire\.agent\.delegate = .*: is reserved for SPIRE and Cilium; choose another/,
    ],
    [
        "a workload that is the delegate",
        { agent: { delegate: "/ns/shop/sa/delegate" } },
        {
            workloads: {
                shop: { path: "/ns/shop/sa/delegate", selectors: ["k8s:ns:shop", "k8s:sa:a"] },
            },
        },
        /workloads\.shop\.path = .*: is the identity of Cilium's own; choose another/,
    ],
    [
        "another trust domain",
        {},
        { replaceTrustDomain: "old.local" },
        /replaceTrustDomain = .*remove/,
    ],
    [
        "monitors",
        {},
        { observability: { scrape: "podMonitor" } },
        /observability\.scrape = "podMonitor": follows from the settings of SPIRE.*; remove it/,
    ],
    [
        "a dashboard",
        {},
        { observability: { dashboard: true } },
        /observability\.dashboard = true: follows/,
    ],
    [
        "a socket in the node's own directories",
        { sockets: { workload: "/var/lib/kubelet/x/agent.sock" } },
        {},
        /sockets\.workload = .*: must be in a directory of its own/,
    ],
    [
        "a socket anywhere",
        { sockets: { workload: "/etc/spire/agent.sock" } },
        {},
        /sockets\.workload = .*: must be the path of a file in a directory of its own below/,
    ],
    [
        "the admin socket where workloads are",
        { sockets: { workload: "/tmp/a/b/agent.sock", admin: "/tmp/a/b/admin.sock" } },
        {},
        /sockets\.admin = .*: the admin socket is in or below \/tmp\/a\/b/,
    ],
    ["a SPIRE that is too old", { version: "1.8.5" }, {}, /spire\.version: /],
    [
        "keys of elsewhere in an installation",
        { mode: "install", server: { statefulSet: "x" } },
        {},
        /spire\.server\.statefulSet: is not a key of this program here, only with spire\.mode = "external"/,
    ],
];
for (const [what, spire, more, message] of refused) {
    test(`refused: ${what}`, () => {
        assert.match(refusal(spire, more), message);
    });
}

test("SPIRE's usual places of sockets are accepted", () => {
    assert.equal(
        refusal({
            sockets: {
                workload: "/tmp/spire-agent/public/api.sock",
                admin: "/var/run/spire/admin/admin.sock",
            },
        }),
        "",
    );
});

test("what a server of others does is no rule for workloads", () => {
    const shop = {
        path: "/ns/shop/sa/shop",
        selectors: ["k8s:ns:shop", "k8s:sa:shop"],
        federatesWith: ["partner.example"],
        x509SvidTtl: "24h",
    };
    assert.equal(refusal({}, { workloads: { shop } }), "");
});
