/** What a policy asks of whom: the examples' own scenes, and the words of rules one by one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ACCOUNT_LABEL, NAMESPACE_LABEL } from "../../../../components/cilium/authPolicySpec";
import type { Direction, Rule } from "../../../../doctor/checks/selector";
import { demandOf, type Parties } from "../../../../doctor/traffic/demand";
import type { Demand } from "../../../../doctor/traffic/forecast";
import { proposalsOf } from "../../../../enforcement/proposal";
import { type Outcome, type Scene, SCENES } from "../../../../examples/policies/scenes";
import { repositoryRoot } from "../../../../sandbox/host/paths";

/** As the clusterwide example has it. */
const NAMESPACES: Record<string, Record<string, string>> = {
    returns: { "k8s:io.cilium.k8s.namespace.labels.mutual-auth": "required" },
};
const MEANS: Record<Outcome, Demand> = {
    authenticated: "authenticate",
    unregistered: "authenticate",
    exempt: "nothing",
    unnamed: "unnamed",
};

describe("examples/policies", () => {
    for (const [file, scene] of Object.entries<Scene>(SCENES)) {
        const path = join(repositoryRoot, "examples/policies", `${file}.yaml`);
        const proposals = proposalsOf(readFileSync(path, "utf8"), path);
        for (const { from, to, port, outcome } of scene.attempts) {
            const client = labels(scene, from);
            const server = labels(scene, to);
            const asked = demandOf(proposals, {
                connection: { from: "", to: "", port, protocol: "TCP", identity: 1000 },
                ...{ clientLabels: client, serverLabels: server, namedPorts: {} },
            });
            // What says who may be called is not looked at.
            const ofEgress = asked === undefined;
            if (!ofEgress) {
                test(`${file}: ${from} to ${to}:${port}`, () =>
                    assert.equal(asked, MEANS[outcome]));
            }
        }
    }
});

function labels({ pods }: Scene, key: string): Record<string, string> {
    const [namespace, name] = key.split("/") as [string, string];
    const { app = name, account = "default" } = pods[key] ?? {};
    const own = { "k8s:app": app, [NAMESPACE_LABEL]: namespace, [ACCOUNT_LABEL]: account };
    return { ...own, ...NAMESPACES[namespace] };
}

const REQUIRED = { authentication: { mode: "required" } };
const SERVER = { "k8s:app": "server", [NAMESPACE_LABEL]: "shop" };
const CLIENT = { "k8s:app": "client", [NAMESPACE_LABEL]: "shop" };
const ELSEWHERE = { ...CLIENT, [NAMESPACE_LABEL]: "other" };

/** What rules for what comes in ask of a client. */
function asks(
    ingress: Direction[],
    client: Partial<Parties["connection"]> & { labels?: Record<string, string> } = {},
    policy: { more?: Rule; namespace?: string | undefined } = {},
): Demand | undefined {
    const { labels: clientLabels = CLIENT, ...rest } = client;
    const seen = { from: "10.0.0.2", to: "10.0.0.1", port: 8080, protocol: "TCP", identity: 1000 };
    const { more, namespace } = { namespace: "shop", ...policy };
    return demandOf([{ namespace, rules: [{ endpointSelector: {}, ingress, ...more }] }], {
        connection: { ...seen, ...rest },
        ...{ clientLabels, serverLabels: SERVER, namedPorts: { http: 8080 } },
    });
}

describe("a rule", () => {
    const pods = [{ fromEndpoints: [{}], ...REQUIRED }];

    test("looks for pods in its policy's namespace, or where it says", () => {
        assert.equal(asks(pods), "authenticate");
        assert.equal(asks(pods, { labels: ELSEWHERE }), "unnamed");
        const there = { matchLabels: { "io.kubernetes.pod.namespace": "other" } };
        const placed = [{ fromEndpoints: [there], ...REQUIRED }];
        assert.equal(asks(placed, { labels: ELSEWHERE }), "authenticate");
    });

    test("of the whole cluster looks for pods everywhere, and for nothing else", () => {
        const everywhere = { namespace: undefined };
        assert.equal(asks(pods, { labels: ELSEWHERE }, everywhere), "authenticate");
        assert.equal(asks(pods, { identity: 6, labels: {} }, everywhere), "unnamed");
    });

    test("is for the pods that its policy selects alone", () => {
        const other = { endpointSelector: { matchLabels: { app: "other" } } };
        assert.equal(asks(pods, {}, { more: other }), undefined);
        assert.equal(asks(pods, {}, { namespace: "other" }), undefined);
    });

    test("names entities, addresses and reserved labels", () => {
        const cases: [Direction, identity: number, from: string, Demand][] = [
            [{ fromEntities: ["all"] }, 2, "192.0.2.1", "nothing"],
            [{ fromEntities: ["cluster"] }, 6, "10.0.0.9", "nothing"],
            [{ fromEntities: ["cluster"] }, 1 << 24, "192.0.2.1", "unnamed"],
            [{ fromEntities: ["world"] }, 1 << 24, "192.0.2.1", "nothing"],
            [{ fromEntities: ["world-ipv6"] }, 1 << 24, "192.0.2.1", "unnamed"],
            [{ fromEntities: ["world-ipv6"] }, 10, "2001:db8::1", "nothing"],
            [{ fromEntities: ["remote-node"] }, 7, "10.0.0.9", "nothing"],
            [{ fromEntities: ["remote-node"], ...REQUIRED }, 6, "10.0.0.9", "authenticate"],
            [{ fromEntities: ["host"] }, 6, "10.0.0.9", "unnamed"],
            [{ fromCIDR: ["192.0.2.0/24"] }, 1 << 24, "192.0.2.1", "nothing"],
            [{ fromCIDR: ["192.0.2.1"] }, 2, "192.0.2.1", "nothing"],
            [{ fromCIDR: ["0.0.0.0/0"] }, 1000, "10.0.0.2", "unnamed"],
            [{ fromCIDR: ["2001:db8::/32"] }, 10, "2001:db8::1", "nothing"],
            [{ fromCIDR: ["2001:db8::/32"] }, 1 << 24, "192.0.2.1", "unnamed"],
            [
                { fromCIDRSet: [{ cidr: "192.0.2.0/24", except: ["192.0.2.1/32"] }] },
                ...([1 << 24, "192.0.2.1", "unnamed"] as const),
            ],
            [
                { fromEndpoints: [{ matchLabels: { "reserved:remote-node": "" } }] },
                ...([6, "10.0.0.9", "nothing"] as const),
            ],
            [{ fromEndpoints: [{}] }, 6, "10.0.0.9", "unnamed"],
        ];
        for (const [direction, identity, from, expected] of cases) {
            const found = asks([direction], {
                identity,
                from,
                labels: identity === 1000 ? CLIENT : {},
            });
            assert.equal(found, expected, JSON.stringify([direction, identity]));
        }
    });

    test("is for its ports, by number, name, range and protocol", () => {
        const at = (port: object) => asks([{ toPorts: [{ ports: [port] }], ...REQUIRED }]);
        for (const port of [
            ...[{ port: "8080" }, { port: "http" }, { port: "8000", endPort: 8100 }],
            ...[
                { port: "0" },
                { port: "8080", protocol: "TCP" },
                { port: "8080", protocol: "ANY" },
            ],
        ]) {
            assert.equal(at(port), "authenticate", JSON.stringify(port));
        }
        for (const port of [
            ...[{ port: "8081" }, { port: "web" }, { port: "8000", endPort: 8079 }],
            ...[{ port: "8080", protocol: "UDP" }],
        ]) {
            assert.equal(at(port), "unnamed", JSON.stringify(port));
        }
        assert.equal(asks([{ toPorts: [{}], ...REQUIRED }]), "authenticate");
        assert.equal(asks([{ icmps: [{}], ...REQUIRED }]), "unnamed");
    });

    test("with ports decides against one without, and one that says something against one that does not", () => {
        const ports = [{ ports: [{ port: "8080" }] }];
        const disabled = { authentication: { mode: "disabled" } };
        assert.equal(asks([...pods, { toPorts: ports, ...disabled }]), "nothing");
        assert.equal(asks([...pods, { toPorts: ports }]), "authenticate");
        assert.equal(
            asks([
                { fromEndpoints: [{}], ...disabled },
                { toPorts: ports, ...REQUIRED },
            ]),
            "authenticate",
        );
    });

    test("that denies is stronger, and one that closes nothing refuses nobody", () => {
        const deny = { ingressDeny: [{ fromEntities: ["all"] }] };
        assert.equal(asks(pods, {}, { more: deny }), "unnamed");
        const open = { enableDefaultDeny: { ingress: false } };
        assert.equal(asks(pods, { labels: ELSEWHERE }, { more: open }), "nothing");
        assert.equal(asks([], {}), undefined);
    });
});
