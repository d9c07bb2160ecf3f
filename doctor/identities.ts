/** Cilium's security identities: one for each set of labels that pods have, named by its number. */
import { type Cluster, type List, METADATA_ONLY } from "@cilium-spire/entries-provider";

const IDENTITIES = { group: "cilium.io", version: "v2", plural: "ciliumidentities" };

/** An identity with the labels that Cilium knows its pods by: `k8s:app`, `k8s:io.kubernetes.pod.namespace`. */
export interface Identity {
    id: number;
    labels: Record<string, string>;
}

/** Below are reserved ones, from here on those of addresses, of each node alone (pkg/identity of 1.15 to 1.20). */
const [FIRST_OF_PODS, FIRST_OF_ADDRESSES] = [256, 1 << 24];

/** Names of what has an identity and is no pod (cilium pkg/identity/numericidentity.go). */
export const RESERVED: Readonly<Record<number, string>> = {
    0: "unknown",
    1: "host",
    2: "world",
    3: "unmanaged",
    4: "health",
    5: "init",
    6: "remote-node",
    7: "kube-apiserver",
    8: "ingress",
    9: "world-ipv4",
    10: "world-ipv6",
};

/** Whether an identity is one of pods. Only those have SVIDs. */
export function isOfPods(identity: number): boolean {
    return identity >= FIRST_OF_PODS && !isOfAddresses(identity);
}

/** Whether an identity stands for addresses outside the cluster. */
export function isOfAddresses(identity: number): boolean {
    return identity >= FIRST_OF_ADDRESSES;
}

/** Of the security identity that a SPIFFE ID stands for, `spiffe://TRUST-DOMAIN/identity/NUMBER`; undefined for every other ID. */
export function identityOf(spiffeId: string, trustDomain: string): number | undefined {
    const prefix = `spiffe://${trustDomain}/identity/`;
    const number = spiffeId.startsWith(prefix) ? spiffeId.slice(prefix.length) : "";
    return /^\d+$/.test(number) ? Number(number) : undefined;
}

/** Names, which are numbers, of all security identities that Cilium has allocated. */
export async function ciliumIdentities(cluster: Cluster): Promise<number[]> {
    return await cluster.list(
        (page): Promise<List<{ metadata: { name: string } }>> =>
            cluster.custom.listClusterCustomObject({ ...IDENTITIES, ...page }, METADATA_ONLY),
        ({ metadata }) => Number(metadata.name),
    );
}

/** As {@link ciliumIdentities}, with their labels. */
export async function labelledIdentities(cluster: Cluster): Promise<Identity[]> {
    type Item = { metadata: { name: string }; "security-labels"?: Record<string, string> };
    return await cluster.list(
        (page): Promise<List<Item>> =>
            cluster.custom.listClusterCustomObject({ ...IDENTITIES, ...page }),
        (item) => ({ id: Number(item.metadata.name), labels: item["security-labels"] ?? {} }),
    );
}
