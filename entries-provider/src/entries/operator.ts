/** Making cilium-operator retry at once. */
import type { V1Pod, V1ReplicaSet } from "@kubernetes/client-node";
import type { Cluster } from "../kube/cluster";
import { METADATA_ONLY } from "../kube/list";
import { selectorText } from "../kube/pods";

/** The Deployment of cilium-operator. */
export interface OperatorRef {
    namespace: string;
    deployment: string;
}

/** Nodes on which a pod of the operator runs. Empty when Cilium is not there. */
export async function operatorNodes(cluster: Cluster, operator: OperatorRef): Promise<string[]> {
    const pods = await operatorPods(cluster, operator);
    return pods.flatMap((pod) => pod.spec?.nodeName ?? []);
}

/**
 * Deletes the operator's pods; their Deployment starts new ones.
 *
 * The operator retries each identity with a delay that doubles up to 1000 s (client-go's default rate limiter), so after
 * an outage it would stay blind for about as long as the outage lasted. A new pod starts at once, and deleting pods
 * changes no spec, so no later preview shows a difference.
 */
export async function restartOperator(cluster: Cluster, operator: OperatorRef): Promise<void> {
    for (const pod of await operatorPods(cluster, operator)) await cluster.deletePod(pod);
}

/** The pods that the Deployment controls, by its ReplicaSets: others may have their labels. */
async function operatorPods(
    cluster: Cluster,
    { namespace, deployment: name }: OperatorRef,
): Promise<V1Pod[]> {
    const found = await cluster.find(cluster.apps.readNamespacedDeployment({ name, namespace }));
    if (!found) return [];
    const labelSelector = selectorText(`Deployment ${namespace}/${name}`, found.spec?.selector);
    const [replicaSets, pods] = await Promise.all([
        cluster.list((page) =>
            cluster.apps.listNamespacedReplicaSet(
                { namespace, labelSelector, ...page },
                METADATA_ONLY,
            ),
        ),
        cluster.list((page) =>
            cluster.core.listNamespacedPod({ namespace, labelSelector, ...page }),
        ),
    ]);
    const controllers = replicaSets
        .filter((set) => controllerOf(set) === found.metadata!.uid)
        .map((set) => set.metadata!.uid);
    return pods.filter((pod) => controllers.includes(controllerOf(pod) ?? ""));
}

/** UID of what controls an object. */
function controllerOf({ metadata }: V1Pod | V1ReplicaSet): string | undefined {
    return metadata?.ownerReferences?.find(({ controller }) => controller)?.uid;
}
