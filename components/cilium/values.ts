/** The values of Cilium's chart that this program sets, and how a user's own join them. */
import { type CiliumSettings, NOISY_HUBBLE_METHODS } from "../../settings/cilium";
import { pullSecrets } from "../images";
import type { CiliumArgs } from "./args";
import { imageValues } from "./images";

/** Chart values: plain data, keys as in the chart's values.yaml. */
export type Values = { [key: string]: unknown };

/** The values this program owns. All exist in the charts of 1.15 to 1.20 (test/unit/cilium/charts.test.ts). */
export function chartValues(args: CiliumArgs): Values {
    const { encryption, hubble, kubeProxyReplacement, k8sServiceHost, k8sServicePort } =
        args.settings;
    const imagePullSecrets = pullSecrets(args.images);
    return {
        authentication: authenticationValues(args),
        // The values above end in a ConfigMap that running pods do not read again.
        rollOutCiliumPods: true,
        operator: { rollOutPods: true },
        encryption: encryptionValues(encryption),
        hubble: hubbleValues(hubble),
        kubeProxyReplacement,
        ...(k8sServiceHost !== undefined && { k8sServiceHost }),
        ...(k8sServicePort !== undefined && { k8sServicePort }),
        ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    };
}

/** All values that the chart gets: images from the user's registry, over them the user's own values, over them ours. */
export function releaseValues(args: CiliumArgs): Values {
    const { registry } = args.images;
    const images = registry === undefined ? {} : imageValues(registry);
    return mergeValues(mergeValues(images, args.settings.values), chartValues(args));
}

function authenticationValues(args: CiliumArgs): Values {
    // Without this the chart would install a SPIRE of its own.
    const install = { enabled: false };
    if (!args.mutualAuth) return { enabled: false, mutual: { spire: { enabled: false, install } } };
    const { mutual, ...queues } = args.settings.authentication;
    return {
        // Off by default since 1.19.
        enabled: true,
        ...queues,
        mutual: {
            ...mutual,
            spire: {
                ...mutual.spire,
                enabled: true,
                install,
                serverAddress: args.serverAddress,
                trustDomain: args.trustDomain,
                adminSocketPath: args.sockets.admin,
                agentSocketPath: args.sockets.workload,
            },
        },
    };
}

function encryptionValues(encryption: CiliumSettings["encryption"]): Values {
    if (encryption.type === "none") return { enabled: false };
    if (encryption.type === "wireguard") return { enabled: true, type: "wireguard" };
    const { type, secretName, keyFile } = encryption;
    // Up to 1.15 the chart reads the key file only together with the mount path, which is empty there by default.
    return { enabled: true, type, ipsec: { secretName, keyFile, mountPath: "/etc/ipsec" } };
}

function hubbleValues({ enabled, tls }: CiliumSettings["hubble"]): Values {
    if (!enabled) return { enabled: false };
    if (tls?.method === "certmanager") {
        const { method, issuerRef: certManagerIssuerRef } = tls;
        return { enabled, tls: { enabled, auto: { enabled, method, certManagerIssuerRef } } };
    }
    const existingSecret = tls?.serverSecret;
    return { enabled, tls: { enabled, auto: { enabled: false }, server: { existingSecret } } };
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

/** What a user's values may not contain, and what to do instead. Covers every path of {@link chartValues}. */
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
}: Pick<CiliumSettings, "values" | "hubble">): ValueConflict[] {
    const conflicts = Object.entries(RESERVED).flatMap(([path, remedy]) =>
        meeting(values, path.split(".")).map((met) => ({ path: met, remedy })),
    );
    const idle = "hubble" in values && !hubble.enabled;
    if (idle && !conflicts.some(({ path }) => path.startsWith("hubble"))) {
        conflicts.push({ path: "hubble", remedy: "Hubble is off; see cilium.hubble.enabled" });
    }
    return conflicts;
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

function isObject(value: unknown): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
