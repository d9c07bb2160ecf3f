/** Cilium: values of its chart that would take authentication away, and its other keys. */
import { type Refusal, values } from "./refusal";

const chart = (values: unknown) => ({ cilium: { values } });
const cilium = (cilium: object) => ({ cilium });

const ON = { enabled: true };
const OFFERED = { enabled: true, existingSecret: "b" };

const BEHIND =
    /cilium\.values\.\S+: .* would change authentication behind .*; use cilium\.authentication/;
const UNQUOTED =
    /(namespace|secretName|serverSecret) = .*: looks like a number, a date or a truth value.*; use/;
const CHART = /cilium\.chart = .*: must /;

export const ciliumKeys: Refusal[] = [
    ...values(chart, BEHIND, [
        { extraConfig: { "mesh-auth-enabled": "false" } },
        { extraConfig: { "mesh-auth-mutual-enabled": "false", other: "x" } },
        { extraConfig: { "identity-allocation-mode": "kvstore" } },
        { extraArgs: ["--mesh-auth-enabled=false"] },
        { extraArgs: ["--debug", "-mesh-auth-mutual-listener-port=1"] },
        { extraArgs: ["--config-dir=/tmp"] },
        { extraArgs: { "--mesh-auth-enabled": false } },
        { operator: { extraArgs: ["--mesh-auth-mutual-enabled=false"] } },
        { extraEnv: [{ name: "CILIUM_MESH_AUTH_ENABLED", value: "false" }] },
        { operator: { extraEnv: [{ name: "CILIUM_IDENTITY_ALLOCATION_MODE", value: "x" }] } },
    ]),
    ...values(
        chart,
        /cilium\.values\.operator\.replicas: the operator registers.*; remove it here/,
        [
            { operator: { replicas: 0 } },
            { operator: { replicas: "0" } },
            { operator: { replicas: -1 } },
            { operator: { replicas: "none" } },
        ],
    ),
    ...values(chart, /cilium\.values\.[\w.]+: .*; remove it here/, [
        { authentication: { enabled: false } },
        { authentication: null },
        { operator: { enabled: false } },
        { operator: false },
        { agent: false },
        { identityAllocationMode: "kvstore" },
        { kubeProxyReplacement: true },
        { encryption: { enabled: true } },
        { namespaceOverride: "x" },
        { serviceAccounts: { cilium: { name: "x" } } },
        { clustermesh: { useAPIServer: true } },
        { hubble: { relay: { enabled: true } } },
    ]),
    ...values(
        (nodeSelector) => ({
            registration: { operatorNodeLabels: { role: "system" } },
            ...chart({ operator: { nodeSelector } }),
        }),
        /cilium\.values\.operator\.nodeSelector.*registration\.operatorNodeLabels/,
        [{ role: "other" }, { role: "other", zone: "a" }, { role: null }, null, "role=system"],
    ),
    ...values(chart, /cilium\.values = .*: must be a group of keys/, [[], "a: b", 1, null]),
    ...values((location) => cilium({ chart: location }), CHART, [
        "",
        "cilium",
        "cilium/cilium",
        "ftp://a.org",
        "https://user:secret@a.org",
        "oci://user:secret@a.org/cilium",
        "https://a.org/cilium.tgz",
        "oci://a.org/cilium:1.19.6",
        "oci://a.org",
        "https://a.org?x",
    ]),
    ...values((version) => cilium({ version }), /cilium\.version.*: (must be|.*use )/, [
        "1.19",
        "v1.19.6",
        "latest",
        "1.14.0",
        "1.21.0",
        1.19,
    ]),
    ...values(
        (mode) => cilium({ mode }),
        /cilium\.mode = .*: mode must be one of: install, adopt/,
        ["", "none", 1],
    ),
    ...values((encryption) => cilium({ encryption }), /cilium\.encryption.*(must|remove it)/, [
        "wireguard",
        { type: "tls" },
        { type: "wireguard", keyFile: "x" },
        { type: "ipsec", secretName: "A B" },
        { type: "ipsec", keyFile: "" },
        { type: "ipsec", keyFile: "a: b" },
        { type: "ipsec", keyFile: "keys #1" },
        { type: "ipsec", keyFile: "../keys" },
    ]),
    ...values((namespace) => cilium({ namespace }), UNQUOTED, ["7", "1e3", "true", "no", "0x1f"]),
    ...values((secretName) => cilium({ encryption: { type: "ipsec", secretName } }), UNQUOTED, [
        "1.5",
        "null",
        "2026-01-01",
    ]),
    ...values(
        (serverSecret) =>
            cilium({ hubble: { enabled: true, tls: { method: "provided", serverSecret } } }),
        UNQUOTED,
        ["1000", "on"],
    ),
    ...values((hubble) => cilium({ hubble }), /cilium\.hubble\.tls.*: .*; /, [
        { enabled: true },
        { enabled: true, tls: { method: "helm" } },
        { enabled: true, tls: {} },
    ]),
    ...values(
        (parts) =>
            cilium({
                hubble: { enabled: true, tls: { method: "provided" } },
                values: { hubble: parts },
            }),
        /values\.hubble\.(relay|ui|metrics)\.tls\.\w+: has no certificate.*; set its existingSecret/,
        [
            { relay: { enabled: true } },
            { relay: { enabled: true, tls: { client: { cert: "a" } } } },
            { relay: { enabled: true, tls: { client: { existingSecret: "a" }, server: ON } } },
            { ui: { enabled: true }, relay: { enabled: true, tls: { server: OFFERED } } },
            { metrics: { tls: { enabled: true } } },
        ],
    ),
    ...values(chart, /cilium\.values\.[\w.]+ = \d+: is \S+ on the same hosts; use another/, [
        { healthPort: 9982 },
        { prometheus: { port: 9988 } },
        { envoy: { prometheus: { port: 4250 } } },
    ]),
];
