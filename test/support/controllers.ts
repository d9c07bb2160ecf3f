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
async function steps({ apps, core }: Cluster): Promise<Promise<unknown>[]> {
    const [daemonSets, statefulSets, deployments, namespaces] = await Promise.all([
        apps.listDaemonSetForAllNamespaces(),
        apps.listStatefulSetForAllNamespaces(),
        apps.listDeploymentForAllNamespaces(),
        core.listNamespace(),
    ]);
    return [
        ...daemonSets.items.filter(isUnsettled).map((body) => {
            const request = { ...place(body), body };
            const scheduled = { currentNumberScheduled: 0, desiredNumberScheduled: 0 };
            const counts = { ...scheduled, numberMisscheduled: 0, numberReady: 0 };
            body.status = { ...counts, observedGeneration: body.metadata!.generation! };
            return apps.replaceNamespacedDaemonSetStatus(request);
        }),
        ...statefulSets.items.filter(isUnsettled).map((body) => {
            const request = { ...place(body), body };
            const replicas = body.spec!.replicas!;
            const counts = { replicas, readyReplicas: replicas, currentReplicas: replicas };
            const revisions = { currentRevision: "1", updateRevision: "1" };
            const observedGeneration = body.metadata!.generation!;
            body.status = { ...counts, ...revisions, observedGeneration };
            return apps.replaceNamespacedStatefulSetStatus(request);
        }),
        ...deployments.items.filter(isUnsettled).map((deployment) => rollOut(apps, deployment)),
        ...namespaces.items
            .filter(({ metadata }) => metadata?.deletionTimestamp)
            .map((body) => {
                const { name } = body.metadata!;
                return core.replaceNamespaceFinalize({ name: name!, body: { ...body, spec: {} } });
            }),
    ];
}

type Deployment = Awaited<ReturnType<Cluster["apps"]["readNamespacedDeployment"]>>;
interface Workload {
    metadata?: { name?: string; namespace?: string; generation?: number };
    status?: { observedGeneration?: number };
}

/** A Deployment has rolled out when its ReplicaSet has its pods. */
async function rollOut(apps: Cluster["apps"], deployment: Deployment): Promise<void> {
    const { name, namespace, uid } = deployment.metadata!;
    const { replicas, selector, template } = deployment.spec!;
    const owner = { apiVersion: "apps/v1", kind: "Deployment", name: name!, uid: uid! };
    const metadata = { name: uid!, namespace, annotations: REVISION, ownerReferences: [owner] };
    const set = await apps.createNamespacedReplicaSet({
        namespace: namespace!,
        body: { metadata, spec: { replicas, selector, template } },
    });
    set.status = { replicas: replicas!, readyReplicas: replicas! };
    await apps.replaceNamespacedReplicaSetStatus({ ...place(set), body: set });
    deployment.metadata!.annotations = { ...deployment.metadata!.annotations, ...REVISION };
    const body = await apps.replaceNamespacedDeployment({ ...place(deployment), body: deployment });
    const conditions = [
        { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" },
        { type: "Available", status: "True" },
    ];
    body.status = { observedGeneration: body.metadata!.generation!, conditions };
    await apps.replaceNamespacedDeploymentStatus({ ...place(body), body });
}

function isUnsettled({ metadata, status }: Workload): boolean {
    return status?.observedGeneration !== metadata?.generation;
}

function place({ metadata }: Workload): { name: string; namespace: string } {
    return { name: metadata!.name!, namespace: metadata!.namespace! };
}
