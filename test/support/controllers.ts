/**
 * The controllers of a cluster, played on an API server that has none: a workload that is written has rolled out a moment
 * later, and a namespace that is deleted is gone. No pod runs. Nobody collects garbage: delete without propagation.
 */
import { setTimeout } from "node:timers/promises";
import type { Cluster } from "@cilium-spire/entries-provider";

const PAUSE_MS = 200;
const REVISION = { "deployment.kubernetes.io/revision": "1" };

/** Plays until it is stopped. @param cluster as an administrator. */
export function playControllers(cluster: Cluster): { stop(): Promise<void> } {
    const stopped = new AbortController();
    const play = async () => {
        while (!stopped.signal.aborted) {
            // The provider writes meanwhile: what has changed since it was read is for the next round.
            await Promise.allSettled(await steps(cluster));
            await setTimeout(PAUSE_MS);
        }
    };
    const playing = play();
    return {
        stop: async () => {
            stopped.abort();
            await playing;
        },
    };
}

/** What is to be done now. */
async function steps(cluster: Cluster): Promise<Promise<unknown>[]> {
    const { apps, core } = cluster;
    const [daemonSets, statefulSets, deployments, namespaces, nodes] = await Promise.all([
        apps.listDaemonSetForAllNamespaces(),
        apps.listStatefulSetForAllNamespaces(),
        apps.listDeploymentForAllNamespaces(),
        core.listNamespace(),
        core.listNode(),
    ]);
    // Nodes whose kubelets never came: a pod is wanted on each, and none is there.
    const desiredNumberScheduled = nodes.items.length;
    return [
        ...daemonSets.items.filter(isUnsettled).map((body) => {
            const request = { ...place(body), body };
            const scheduled = { currentNumberScheduled: 0, desiredNumberScheduled };
            const counts = { ...scheduled, numberMisscheduled: 0, numberReady: 0 };
            Object.assign(body.status!, counts, observed(body));
            return apps.replaceNamespacedDaemonSetStatus(request);
        }),
        ...statefulSets.items.filter(isUnsettled).map((body) => {
            const request = { ...place(body), body };
            const replicas = body.spec!.replicas!;
            const counts = { replicas, readyReplicas: replicas, currentReplicas: replicas };
            const revisions = { currentRevision: "1", updateRevision: "1" };
            Object.assign(body.status!, counts, revisions, observed(body));
            return apps.replaceNamespacedStatefulSetStatus(request);
        }),
        ...deployments.items.filter(isUnsettled).map((deployment) => rollOut(cluster, deployment)),
        ...namespaces.items
            .filter(({ metadata }) => metadata?.deletionTimestamp)
            .map((body) => {
                body.spec!.finalizers = [];
                return core.replaceNamespaceFinalize({ name: body.metadata!.name!, body });
            }),
    ];
}

type Deployment = Awaited<ReturnType<Cluster["apps"]["readNamespacedDeployment"]>>;
interface Workload {
    metadata?: { name?: string; namespace?: string; generation?: number };
    status?: { observedGeneration?: number };
}

/** A Deployment has rolled out when its ReplicaSet has its pods. */
async function rollOut({ apps, objects }: Cluster, deployment: Deployment): Promise<void> {
    const { name, namespace, uid } = deployment.metadata!;
    const { replicas, selector, template } = deployment.spec!;
    const owner = { apiVersion: "apps/v1", kind: "Deployment", name: name!, uid: uid! };
    const metadata = { name: uid!, namespace, annotations: REVISION, ownerReferences: [owner] };
    const spec = { replicas, selector, template };
    await objects.create({ apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec });
    const set = await apps.readNamespacedReplicaSet({ name: uid!, namespace: namespace! });
    Object.assign(set.status!, { replicas, readyReplicas: replicas });
    await apps.replaceNamespacedReplicaSetStatus({ ...place(set), body: set });
    deployment.metadata!.annotations = { ...deployment.metadata!.annotations, ...REVISION };
    const body = await apps.replaceNamespacedDeployment({ ...place(deployment), body: deployment });
    const conditions = [
        { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" },
        { type: "Available", status: "True" },
    ];
    const counts = { replicas, readyReplicas: replicas, availableReplicas: replicas };
    Object.assign(body.status!, { conditions, ...counts }, observed(body));
    await apps.replaceNamespacedDeploymentStatus({ ...place(body), body });
}

/** What says that the controller has seen the object as it is. */
function observed({ metadata }: Workload): object {
    return { observedGeneration: metadata!.generation! };
}

function isUnsettled({ metadata, status }: Workload): boolean {
    return status?.observedGeneration !== metadata?.generation;
}

function place({ metadata }: Workload): { name: string; namespace: string } {
    return { name: metadata!.name!, namespace: metadata!.namespace! };
}
