import assert from "node:assert/strict";
import { test } from "node:test";
import { authPolicySpec } from "../../../../components/cilium/authPolicySpec";

const pods = { app: "echo" };
const required = { mode: "required" };
const NAMESPACE = "k8s:io.kubernetes.pod.namespace";

test("a peer of the same namespace must authenticate, on the ports given", () => {
    assert.deepEqual(authPolicySpec({ pods, ingress: [{ labels: { app: "a" }, ports: [8080] }] }), {
        endpointSelector: { matchLabels: pods },
        ingress: [
            {
                fromEndpoints: [{ matchLabels: { app: "a" } }],
                authentication: required,
                toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }],
            },
        ],
    });
});

test("peers of another namespace, and of every namespace", () => {
    const { ingress } = authPolicySpec({
        pods,
        ingress: [
            { labels: { app: "a" }, namespace: "shop" },
            { labels: { app: "b" }, namespace: "*" },
        ],
    });
    assert.deepEqual(ingress, [
        {
            fromEndpoints: [{ matchLabels: { app: "a", [NAMESPACE]: "shop" } }],
            authentication: required,
        },
        {
            fromEndpoints: [
                {
                    matchLabels: { app: "b" },
                    matchExpressions: [{ key: NAMESPACE, operator: "Exists" }],
                },
            ],
            authentication: required,
        },
    ]);
});

test("peers by their service account, beside other labels", () => {
    const account = { "k8s:io.cilium.k8s.policy.serviceaccount": "checkout" };
    const { ingress } = authPolicySpec({
        pods,
        ingress: [
            { labels: {}, serviceAccount: "checkout" },
            { labels: { app: "a" }, namespace: "shop", serviceAccount: "checkout" },
        ],
    });
    assert.deepEqual(
        ingress!.map((rule) => (rule as { fromEndpoints: object[] }).fromEndpoints[0]),
        [{ matchLabels: account }, { matchLabels: { app: "a", ...account, [NAMESPACE]: "shop" } }],
    );
});

test("what goes out: authenticated pods, and DNS without", () => {
    const spec = authPolicySpec({
        pods,
        egress: [
            { labels: { app: "db" }, ports: [5432] },
            {
                labels: { "k8s-app": "kube-dns" },
                namespace: "kube-system",
                ports: [{ port: 53, protocol: "UDP" }],
                authentication: "disabled",
            },
        ],
    });
    assert.ok(!("ingress" in spec), "no rule for what comes in");
    assert.deepEqual(spec.egress![1], {
        toEndpoints: [{ matchLabels: { "k8s-app": "kube-dns", [NAMESPACE]: "kube-system" } }],
        authentication: { mode: "disabled" },
        toPorts: [{ ports: [{ port: "53", protocol: "UDP" }] }],
    });
});

test("entities are never asked to authenticate: they cannot", () => {
    const { ingress, egress } = authPolicySpec({
        pods,
        ingress: [{ entities: ["host", "remote-node"] }],
        egress: [{ entities: ["kube-apiserver"], ports: [6443] }],
    });
    assert.deepEqual(ingress, [{ fromEntities: ["host", "remote-node"] }]);
    assert.deepEqual(egress![0]!, {
        toEntities: ["kube-apiserver"],
        toPorts: [{ ports: [{ port: "6443", protocol: "TCP" }] }],
    });
});

test("what Cilium would read differently from a human is refused", () => {
    assert.throws(() => authPolicySpec({ pods }), /does nothing/);
    const peer = { labels: { app: "a" } };
    const empty = {
        ingress: { ingress: [] },
        egress: { egress: [] },
        "egress[0].entities": { egress: [{ entities: [] }] },
        "ingress[1].ports": { ingress: [peer, { ...peer, ports: [] }] },
    };
    for (const [key, rules] of Object.entries(empty)) {
        assert.throws(
            () => authPolicySpec({ pods, ...rules }),
            new Error(`${key}: an empty list is ambiguous; leave it out or fill it`),
        );
    }
});
