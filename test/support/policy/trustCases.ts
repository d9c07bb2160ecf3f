/** Cases of the rules on who is trusted, and on whole stacks. */
import { confText } from "../../../components/spire/confText";
import {
    AGENT_IMAGE,
    SERVER_IMAGE,
    attestation,
    type Case,
    configMap,
    datastore,
    entries,
    namespace,
    networkPolicy,
    object,
    release,
    workload,
} from "./declare";

const OPERATOR = "spiffe://demo/ns/kube-system/sa/cilium-operator";
export const TRUST_CASES: Case[] = [
    {
        policy: "no-cilium-in-allow-list",
        follows: [configMap("listed/spire-server", attestation("listed:spire-agent"))],
        breaks: [
            {
                resources: [
                    configMap(
                        "unlisted/spire-server",
                        attestation("a:spire-agent", "kube-system:cilium"),
                    ),
                ],
                message:
                    /ConfigMap unlisted\/spire-server: server\.conf: service_account_allow_list has "kube-system:cilium"/,
            },
        ],
    },
    {
        policy: "no-other-admins",
        follows: [
            entries("AgentEntries", "cilium", { "cluster/cilium-operator": OPERATOR }),
            object("spire.spiffe.io/v1alpha1", "ClusterSPIFFEID", "app", {
                spec: { spiffeIDTemplate: "spiffe://demo/app" },
            }),
        ],
        breaks: [
            {
                resources: [
                    entries("WorkloadEntries", "workloads", { "node/ops": "spiffe://demo/ops" }),
                ],
                message:
                    /entry node\/ops of workloads: "spiffe:\/\/demo\/ops" is an admin.*name the ID in allowed/,
            },
            {
                resources: [
                    object("spire.spiffe.io/v1alpha1", "ClusterStaticEntry", "operator", {
                        spec: { spiffeID: "spiffe://demo/cilium-operator", admin: true },
                    }),
                ],
                message:
                    /ClusterStaticEntry operator: spec\.admin = true: .*each node would be one/,
            },
            {
                resources: [
                    configMap("ids/spire-server", {
                        "server.conf": confText({ server: { admin_ids: ["spiffe://demo/root"] } }),
                    }),
                ],
                message:
                    /ConfigMap ids\/spire-server: server\.conf: admin_ids: "spiffe:\/\/demo\/root"/,
            },
        ],
    },
    {
        policy: "encryption-in-production",
        follows: [configMap("kube-system/cilium-config", { "enable-wireguard": "true" })],
        breaks: [
            {
                resources: [configMap("plain/cilium-config", { "enable-wireguard": "false" })],
                message:
                    /ConfigMap plain\/cilium-config: neither enable-wireguard nor enable-ipsec/,
            },
            {
                resources: [release("readable", { encryption: { enabled: false } })],
                message: /Helm release readable: values\.encryption: is off/,
            },
        ],
    },
    {
        policy: "pod-security-labels",
        follows: [
            namespace("level-server", "restricted"),
            workload("StatefulSet", "level-server/spire-server", SERVER_IMAGE),
            namespace("level-agents", "privileged"),
            workload("DaemonSet", "level-agents/spire-agent", AGENT_IMAGE, { hostPID: true }),
            namespace("level-apps", "baseline"),
        ],
        breaks: [
            {
                resources: [namespace("none")],
                message:
                    /Namespace none: metadata\.labels: pod-security\.kubernetes\.io\/enforce is missing.*to baseline/,
            },
            {
                resources: [namespace("wide", "privileged")],
                message: /Namespace wide: .* = "privileged", and no pod of this stack needs it/,
            },
            {
                resources: [
                    namespace("loose", "baseline"),
                    workload("StatefulSet", "loose/spire-server", SERVER_IMAGE),
                ],
                message:
                    /Namespace loose: .* = "baseline", and the SPIRE server in it needs no more than restricted/,
            },
        ],
    },
    {
        policy: "replicas-with-sql",
        follows: [
            configMap("shared/spire-server", datastore("postgres")),
            workload("StatefulSet", "shared/spire-server", SERVER_IMAGE, { replicas: 3 }),
            configMap("single/spire-server", datastore("sqlite3")),
            workload("StatefulSet", "single/spire-server", SERVER_IMAGE, { replicas: 1 }),
        ],
        breaks: [
            {
                resources: [
                    configMap("split/spire-server", datastore("sqlite3")),
                    workload("StatefulSet", "split/spire-server", SERVER_IMAGE, { replicas: 2 }),
                ],
                message:
                    /StatefulSet split\/spire-server: spec\.replicas = 2, with database_type "sqlite3" in server\.conf/,
            },
        ],
    },
    {
        policy: "required-with-entries",
        follows: [
            entries("AgentEntries", "served", { "cluster/cilium-operator": OPERATOR }),
            networkPolicy("CiliumNetworkPolicy", "served/policy", "required"),
        ],
        breaks: [
            {
                resources: [networkPolicy("CiliumNetworkPolicy", "alone/policy", "required")],
                message:
                    /CiliumNetworkPolicy alone\/policy: authentication\.mode = "required", and this stack does not write/,
            },
            {
                resources: [
                    networkPolicy("CiliumClusterwideNetworkPolicy", "everywhere", "required"),
                ],
                message: /CiliumClusterwideNetworkPolicy everywhere: /,
            },
        ],
    },
];
