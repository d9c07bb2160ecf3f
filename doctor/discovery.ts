/** What a cluster says of its Cilium and SPIRE by itself, where no stack's file is at hand. */
import type { Cluster, SpireServerRef } from "@cilium-spire/entries-provider";
import { CILIUM, SERVER_NAME } from "../components/names";

/** Keys of Cilium's ConfigMap (its chart, templates/cilium-configmap.yaml). */
const KEYS = {
    enabled: "mesh-auth-enabled",
    trustDomain: "mesh-auth-spiffe-trust-domain",
    address: "mesh-auth-spire-server-address",
} as const;

/** Where identities come from. */
export interface Authority {
    trustDomain: string;
    /** Undefined when the server is no StatefulSet of this cluster, and cannot be asked. */
    spireServer?: SpireServerRef | undefined;
}

/**
 * @returns also the namespace of Cilium.
 * @throws Error when there is no Cilium, or none that authenticates.
 */
export async function discoverAuthority(
    cluster: Cluster,
): Promise<Authority & { namespace: string }> {
    const labelSelector = CILIUM.agentSelector;
    const [agents] = await cluster.list((page) =>
        cluster.apps.listDaemonSetForAllNamespaces({ labelSelector, ...page }),
    );
    const namespace = agents?.metadata?.namespace;
    if (namespace === undefined) {
        throw new Error(
            `the cluster ${cluster.url} has no Cilium (no DaemonSet with ${labelSelector})`,
        );
    }
    const name = CILIUM.configMap;
    const configMap = await cluster.find(cluster.core.readNamespacedConfigMap({ name, namespace }));
    const data = configMap?.data ?? {};
    const { [KEYS.trustDomain]: trustDomain, [KEYS.address]: address } = data;
    if (data[KEYS.enabled] !== "true" || trustDomain === undefined || address === undefined) {
        throw new Error(
            `Cilium in namespace ${namespace} has no mutual authentication: in its ConfigMap "${name}", "${KEYS.enabled}" must be "true", and ${KEYS.trustDomain} and ${KEYS.address} be there`,
        );
    }
    return { trustDomain, namespace, spireServer: await serverAt(cluster, address) };
}

/** The StatefulSet behind the Service of an address such as `spire-server.spire-system.svc:8081`. */
async function serverAt(cluster: Cluster, address: string): Promise<SpireServerRef | undefined> {
    const [, name, namespace] = /^([^.:]+)\.([^.:]+)\.svc\b/.exec(address) ?? [];
    if (name === undefined || namespace === undefined) return undefined;
    const service = await cluster.find(cluster.core.readNamespacedService({ name, namespace }));
    const selector = Object.entries(service?.spec?.selector ?? {});
    if (selector.length === 0) return undefined;
    const sets = await cluster.list((page) =>
        cluster.apps.listNamespacedStatefulSet({ namespace, ...page }),
    );
    const set = sets.find(({ spec }) => {
        const labels = spec?.template.metadata?.labels ?? {};
        return selector.every(([key, value]) => labels[key] === value);
    });
    const containers = set?.spec?.template.spec?.containers.map((c) => c.name) ?? [];
    const container = containers.find((c) => c === SERVER_NAME) ?? containers[0];
    if (container === undefined) return undefined;
    return { namespace, statefulSet: set!.metadata!.name!, container };
}
