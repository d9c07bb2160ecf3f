/** Policies at the API server: Cilium's, those of a namespace and those of the cluster in the same words. */
import type { Cluster, List } from "@cilium-spire/entries-provider";
import type { Rule, Selector } from "../doctor/checks/selector";
import type { PolicyObject } from "./proposal";

/** As whom the API server records what is written (metadata.managedFields). */
export const MANAGER = "cilium-spire-enforce";

/** Who wrote which fields; the rest of it is the API server's affair. */
export interface ManagedFields {
    manager?: string;
    subresource?: string;
}

/** A policy of the cluster. */
export type LivePolicy = PolicyObject & {
    metadata: {
        uid: string;
        resourceVersion: string;
        /** Counts changes of the specification. */
        generation: number;
        managedFields?: ManagedFields[] | undefined;
    };
    spec?: Rule | undefined;
    specs?: Rule[] | undefined;
    status?: { conditions?: { type: string; status: string; message?: string }[] };
};

const CILIUM = { group: "cilium.io", version: "v2" };
const PLURALS = {
    CiliumNetworkPolicy: "ciliumnetworkpolicies",
    CiliumClusterwideNetworkPolicy: "ciliumclusterwidenetworkpolicies",
} as const;

export async function findPolicy(
    cluster: Cluster,
    { kind, metadata: { name, namespace } }: PolicyObject,
): Promise<LivePolicy | undefined> {
    const { custom } = cluster;
    const resource = { ...CILIUM, plural: PLURALS[kind], name };
    const call =
        namespace === undefined
            ? custom.getClusterCustomObject(resource)
            : custom.getNamespacedCustomObject({ ...resource, namespace });
    return (await cluster.find(call)) as LivePolicy | undefined;
}

/** @param dryRun whether the API server only says what it would do. */
export async function createPolicy(
    cluster: Cluster,
    body: PolicyObject,
    dryRun: boolean,
): Promise<LivePolicy> {
    const { namespace } = body.metadata;
    const resource = { ...CILIUM, plural: PLURALS[body.kind], body, ...writing(dryRun) };
    const call =
        namespace === undefined
            ? cluster.custom.createClusterCustomObject(resource)
            : cluster.custom.createNamespacedCustomObject({ ...resource, namespace });
    return (await cluster.ask(call)) as LivePolicy;
}

/** @throws Error when it was changed since it was read. */
export async function replacePolicy(
    cluster: Cluster,
    body: LivePolicy,
    dryRun = false,
): Promise<LivePolicy> {
    const { name, namespace } = body.metadata;
    const resource = { ...CILIUM, plural: PLURALS[body.kind], name, body, ...writing(dryRun) };
    const call =
        namespace === undefined
            ? cluster.custom.replaceClusterCustomObject(resource)
            : cluster.custom.replaceNamespacedCustomObject({ ...resource, namespace });
    return (await cluster.ask(call)) as LivePolicy;
}

/** Deletes what was read, and nothing newer. @throws Error when it was changed since. */
export async function deletePolicy(cluster: Cluster, policy: LivePolicy): Promise<void> {
    const { name, namespace, uid, resourceVersion } = policy.metadata;
    const body = { preconditions: { uid, resourceVersion } };
    const resource = { ...CILIUM, plural: PLURALS[policy.kind], name, body };
    const call =
        namespace === undefined
            ? cluster.custom.deleteClusterCustomObject(resource)
            : cluster.custom.deleteNamespacedCustomObject({ ...resource, namespace });
    await cluster.find(call);
}

/** All policies of both kinds. */
export async function allPolicies(cluster: Cluster): Promise<LivePolicy[]> {
    const lists = Object.values(PLURALS).map((plural) =>
        cluster.list((page): Promise<List<LivePolicy>> =>
            cluster.custom.listClusterCustomObject({ ...CILIUM, plural, ...page }),
        ),
    );
    return (await Promise.all(lists)).flat();
}

/** Kubernetes' own that are about who connects. */
export async function networkPolicies(
    cluster: Cluster,
): Promise<{ namespace: string; podSelector: Selector }[]> {
    interface Item {
        metadata: { namespace: string };
        spec: { podSelector?: Selector; policyTypes?: string[] };
    }
    const resource = { group: "networking.k8s.io", version: "v1", plural: "networkpolicies" };
    const items = await cluster.list((page): Promise<List<Item>> =>
        cluster.custom.listClusterCustomObject({ ...resource, ...page }),
    );
    return items
        .filter(({ spec: { policyTypes = ["Ingress"] } }) => policyTypes.includes("Ingress"))
        .map(({ metadata, spec }) => ({
            namespace: metadata.namespace,
            podSelector: spec.podSelector ?? {},
        }));
}

function writing(dryRun: boolean) {
    return { fieldManager: MANAGER, ...(dryRun && { dryRun: "All" }) };
}
