/** Policies at the API server: Cilium's, those of a namespace and those of the cluster in the same words. */
import type { Cluster, List } from "@cilium-spire/entries-provider";
import {
    type LivePolicy,
    PLURALS,
    POLICY_API,
    type PolicyObject,
} from "../doctor/checks/policyObjects";
import type { Selector } from "../doctor/checks/selector";

/** As whom the API server records what is written (metadata.managedFields). */
export const MANAGER = "cilium-spire-enforce";

export async function findPolicy(
    cluster: Cluster,
    { kind, metadata: { name, namespace } }: PolicyObject,
): Promise<LivePolicy | undefined> {
    const { custom } = cluster;
    const resource = { ...POLICY_API, plural: PLURALS[kind], name };
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
    const resource = { ...POLICY_API, plural: PLURALS[body.kind], body, ...writing(dryRun) };
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
    const resource = { ...POLICY_API, plural: PLURALS[body.kind], name, body, ...writing(dryRun) };
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
    const resource = { ...POLICY_API, plural: PLURALS[policy.kind], name, body };
    const call =
        namespace === undefined
            ? cluster.custom.deleteClusterCustomObject(resource)
            : cluster.custom.deleteNamespacedCustomObject({ ...resource, namespace });
    await cluster.find(call);
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
