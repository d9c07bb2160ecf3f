/** Policies that are made of what was seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { asYaml } from "../../../../cli/observeReport";
import { ACCOUNT_LABEL, NAMESPACE_LABEL } from "../../../../components/cilium/authPolicySpec";
import type { Forecast } from "../../../../doctor/traffic/forecast";
import { policiesFor } from "../../../../doctor/traffic/policies";
import { proposalsOf } from "../../../../enforcement/proposal";

const LABELS: Record<number, Record<string, string>> = {
    1001: { "k8s:app": "Web_1", [NAMESPACE_LABEL]: "shop", [ACCOUNT_LABEL]: "web" },
    1002: { "k8s:app.kubernetes.io/name": "cart", [NAMESPACE_LABEL]: "shop" },
    1003: { [ACCOUNT_LABEL]: "scraper", [NAMESPACE_LABEL]: "monitoring" },
};

function seen(identity: number, name: string, port = 8080): Forecast {
    const [from, to] = [
        { identity, name },
        { identity: 1001, name: "shop/Web_1" },
    ];
    return { verdict: "passes", from, to, port, protocol: "TCP", why: "" };
}

const REQUIRED = { mode: "required" };
const at = (...ports: number[]) => [
    { ports: ports.map((port) => ({ port: String(port), protocol: "TCP" })) },
];

test("pods by their label or account, and authenticated; nodes and addresses as before; each with its ports", () => {
    const all = [
        ...[
            seen(1002, "shop/cart"),
            seen(1002, "shop/cart", 9090),
            seen(1003, "monitoring/scraper"),
        ],
        ...[seen(6, "remote-node"), seen(1, "host"), seen(0, "unknown"), seen(77_777, "gone")],
        ...[seen(1 << 24, "192.0.2.1"), seen((1 << 24) + 1, "2001:db8::1"), seen(6, "remote-node")],
    ];
    const [policy, ...more] = policiesFor("shop", all, (id) => LABELS[id] ?? {});
    assert.deepEqual(more, []);
    assert.deepEqual(policy!.metadata, { name: "authenticated-web-1", namespace: "shop" });
    const scraper = { [ACCOUNT_LABEL]: "scraper", [NAMESPACE_LABEL]: "monitoring" };
    const cart = { "k8s:app.kubernetes.io/name": "cart" };
    assert.deepEqual(policy!.spec, {
        endpointSelector: { matchLabels: { "k8s:app": "Web_1" } },
        ingress: [
            ...[[cart, at(8080, 9090)] as const, [scraper, at(8080)] as const].map(
                ([matchLabels, toPorts]) => ({
                    ...{ fromEndpoints: [{ matchLabels }], authentication: REQUIRED, toPorts },
                }),
            ),
            { fromEntities: ["remote-node"], toPorts: at(8080) },
            { fromCIDR: ["192.0.2.1/32"], toPorts: at(8080) },
            { fromCIDR: ["2001:db8::1/128"], toPorts: at(8080) },
        ],
    });
});

test("what is written can be tried", () => {
    const policies = policiesFor("shop", [seen(1002, "shop/cart")], (id) => LABELS[id] ?? {});
    const quiet = { namespace: "shop", seconds: 5, pods: 1, never: [], forecasts: [] };
    const text = asYaml({ ...quiet, policies: [...policies, ...policies] });
    assert.match(text, /^# Lets in who connected to pods of shop within 5 s/);
    assert.equal(parseAllDocuments(text).length, 2);
    const [{ title } = assert.fail()] = proposalsOf(asYaml({ ...quiet, policies }), "shop.yaml");
    assert.equal(title, "shop/authenticated-web-1");
});
