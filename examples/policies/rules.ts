/** The policies of this folder that MutualAuthPolicy can express, as its arguments, by their names. */
import type { MutualAuthPolicyArgs } from "../../components/cilium/authPolicy";
import type { PodPeer } from "../../components/cilium/authPolicySpec";

const DNS: PodPeer = {
    labels: { "k8s-app": "kube-dns" },
    namespace: "kube-system",
    ports: [
        { port: 53, protocol: "UDP" },
        { port: 53, protocol: "TCP" },
    ],
    authentication: "disabled",
};

export const RULES: Record<string, MutualAuthPolicyArgs> = {
    "namespace-wide": { namespace: "orders", pods: {}, ingress: [{ labels: {} }] },
    "service-account": {
        namespace: "payments",
        pods: { app: "payments" },
        ingress: [{ labels: {}, serviceAccount: "checkout", ports: [8080] }],
    },
    "cross-namespace": {
        namespace: "catalog",
        pods: { app: "catalog" },
        ingress: [{ labels: { app: "web" }, namespace: "storefront", ports: [8080] }],
    },
    "both-sides-ledger": {
        namespace: "accounts",
        pods: { app: "ledger" },
        ingress: [{ labels: { app: "teller" }, ports: [8080] }],
    },
    "both-sides-teller": {
        namespace: "accounts",
        pods: { app: "teller" },
        egress: [{ labels: { app: "ledger" }, ports: [8080] }, DNS],
    },
    "health-checks": {
        namespace: "stock",
        pods: { app: "stock" },
        ingress: [
            { labels: { app: "client" }, ports: [8080] },
            { entities: ["cluster"], ports: [8081] },
        ],
    },
    "dns-and-api-server": {
        namespace: "shipping",
        pods: {},
        egress: [{ labels: {} }, DNS, { entities: ["kube-apiserver"] }],
    },
};
