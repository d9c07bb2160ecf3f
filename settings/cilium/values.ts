/** A user's own values of Cilium's chart: which this program refuses, and how others join them. */
import type { InstallSettings } from ".";
import { NOISY_HUBBLE_METHODS } from "./hubble";

/** Chart values: plain data, keys as in the chart's values.yaml. */
export type Values = { [key: string]: unknown };

/** What a user's values may not contain, and what to do instead. Covers every path of `chartValues` (components/cilium). */
const RESERVED: Record<string, string> = {
    authentication:
        "use cilium.authentication and mutualAuth; the chart's own SPIRE is never installed",
    rollOutCiliumPods: "is always on: agents do not read a changed ConfigMap while they run",
    "operator.rollOutPods": "is always on: the operator does not read a changed ConfigMap",
    "encryption.enabled": "use cilium.encryption",
    "encryption.type": "use cilium.encryption",
    "encryption.ipsec.secretName": "use cilium.encryption.secretName",
    "encryption.ipsec.keyFile": "use cilium.encryption.keyFile",
    "encryption.ipsec.mountPath": "is set by this program",
    "hubble.enabled": "use cilium.hubble.enabled",
    "hubble.tls.enabled": "is always on: Hubble listens on the host's network",
    "hubble.tls.auto.enabled": "use cilium.hubble.tls",
    "hubble.tls.auto.method": `use cilium.hubble.tls; ${NOISY_HUBBLE_METHODS}`,
    "hubble.tls.auto.certManagerIssuerRef": "use cilium.hubble.tls.issuerRef",
    "hubble.tls.server.existingSecret": "use cilium.hubble.tls.serverSecret",
    kubeProxyReplacement: "use cilium.kubeProxyReplacement",
    k8sServiceHost: "use cilium.k8sServiceHost",
    k8sServicePort: "use cilium.k8sServicePort",
    imagePullSecrets: "use images.pullSecrets",
    agent: "agents are what authenticates",
    "operator.enabled": "the operator registers the identities",
    identityAllocationMode:
        "the operator registers CiliumIdentity objects, which only the default, crd, has for all identities",
    name: "the workload socket is mounted into the DaemonSet by its default name",
    namespaceOverride: "use cilium.namespace",
    "serviceAccounts.cilium.name": "the registration entries name this service account",
    "serviceAccounts.operator.name": "the registration entries name this service account",
    "clustermesh.useAPIServer": "Cilium cannot combine Cluster Mesh with mutual authentication",
    "clustermesh.config.enabled": "Cilium cannot combine Cluster Mesh with mutual authentication",
};

/** A value that must go, and why or what to use instead. */
export interface ValueConflict {
    /** Path in the values, such as `hubble.tls.auto.method`. */
    path: string;
    remedy: string;
}

/** Values of the user's that this program sets itself, that take away what authentication needs, or that do nothing. */
export function valueConflicts({
    values,
    hubble,
}: Pick<InstallSettings, "values" | "hubble">): ValueConflict[] {
    const conflicts = Object.entries(RESERVED).flatMap(([path, remedy]) =>
        meeting(values, path.split(".")).map((met) => ({ path: met, remedy })),
    );
    conflicts.push(...flagConflicts(values));
    const idle = "hubble" in values && !hubble.enabled;
    if (idle && !conflicts.some(({ path }) => path.startsWith("hubble"))) {
        conflicts.push({ path: "hubble", remedy: "Hubble is off; see cilium.hubble.enabled" });
    }
    return conflicts;
}

/** What else reaches the flags on which authentication hangs, or stops the operator. */
const FLAG = /^(-*|CILIUM-)(mesh-auth|identity-allocation-mode|config(-dir|-sources)?($|[=\s]))/i;

function flagConflicts(values: Values): ValueConflict[] {
    const at = (path: string) => valueAt(values, path);
    const words = [
        ...keysOf(at("extraConfig")).map((key) => [`extraConfig.${key}`, key]),
        ...["extraArgs", "operator.extraArgs", "extraEnv", "operator.extraEnv"].flatMap((path) =>
            wordsOf(at(path)).map((word) => [path, word]),
        ),
    ] as [path: string, word: string][];
    const found = words.filter(([, word]) => FLAG.test(word.replaceAll("_", "-")));
    const conflicts = found.map(([path, word]) => ({
        path,
        remedy: `${word.slice(0, 80)} would change authentication behind this program's back; use cilium.authentication and mutualAuth`,
    }));
    if (Number(at("operator.replicas") ?? 1) >= 1) return conflicts;
    return [
        ...conflicts,
        {
            path: "operator.replicas",
            remedy: "the operator registers the identities; use 1 or more",
        },
    ];
}

/** The value at a path such as `operator.replicas`; undefined when there is none. */
export function valueAt(values: unknown, path: string): unknown {
    return path.split(".").reduce((v, key) => (isObject(v) ? v[key] : undefined), values);
}

function keysOf(value: unknown): string[] {
    return isObject(value) ? Object.keys(value) : [];
}

/** The arguments of a list, or the names of a list of variables. */
function wordsOf(value: unknown): string[] {
    const list: unknown[] = Array.isArray(value) ? value : keysOf(value);
    return list
        .map((item) => (isObject(item) ? item.name : item))
        .filter((word) => typeof word === "string");
}

/** The keys that the values define at or below a path, or where something other than an object cuts it off. */
function meeting(values: Values, path: string[]): string[] {
    let value: unknown = values;
    for (const [depth, key] of path.entries()) {
        if (!isObject(value)) return [path.slice(0, depth).join(".")];
        if (!Object.hasOwn(value, key)) return [];
        value = value[key];
    }
    return leaves(value, path.join("."));
}

function leaves(value: unknown, path: string): string[] {
    if (!isObject(value) || Object.keys(value).length === 0) return [path];
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

export function isObject(value: unknown): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Merges ours over the user's; {@link valueConflicts} has made sure that they do not meet. */
export function mergeValues(users: Values, ours: Values): Values {
    const merged = { ...users };
    for (const [key, value] of Object.entries(ours)) {
        const other = merged[key];
        merged[key] = isObject(value) && isObject(other) ? mergeValues(other, value) : value;
    }
    return merged;
}

/** What the chart asks for when certificates are `provided` (templates/hubble/tls-provided, 1.16 to 1.20), and with which values. */
const PROVIDED: [path: string, needs: string[]][] = [
    ["relay.tls.client", ["relay.enabled"]],
    ["relay.tls.server", ["relay.enabled", "relay.tls.server.enabled"]],
    ["ui.tls.client", ["ui.enabled", "relay.enabled", "relay.tls.server.enabled"]],
    ["metrics.tls.server", ["metrics.tls.enabled"]],
];

/** Certificates of Hubble's parts that nobody provides, as paths in the chart's values. */
export function missingCertificates({
    values,
    hubble: { enabled, tls },
}: Pick<InstallSettings, "values" | "hubble">): string[] {
    if (!enabled || tls?.method !== "provided") return [];
    const at = (path: string) => valueAt(values, `hubble.${path}`);
    const isThere = (path: string) =>
        at(`${path}.existingSecret`) || (at(`${path}.cert`) && at(`${path}.key`));
    return PROVIDED.filter(
        ([path, needs]) => needs.every((need) => at(need) === true) && !isThere(path),
    ).map(([path]) => `hubble.${path}`);
}
