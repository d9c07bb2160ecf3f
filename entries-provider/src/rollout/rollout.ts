/** How far the pods of a DaemonSet are with its newest template. */
import type { V1DaemonSet, V1Pod } from "@kubernetes/client-node";
import type { Cluster, NodeHeader } from "../kube/cluster";
import { daemonSetName, type DaemonSetRef, podsByNode, whyNotReady } from "../kube/daemonSets";
import { isReady, podState, selectorText } from "../kube/pods";

/** A node without a Ready pod of the newest template. */
export interface LateNode {
    name: string;
    why: string;
    /**
     * What the node itself has to do with it: nothing, or it is not Ready and may be waiting for this very pod (Cilium's),
     * or its kubelet is silent.
     */
    node: "Ready" | "not Ready" | "silent";
}

/** What was seen of a DaemonSet. */
export interface Progress {
    /** How many nodes run the newest template. */
    complete: number;
    late: LateNode[];
    /** Why nothing can be said yet about some nodes. */
    unknown?: string;
    /** Its controller replaces no pod: somebody has to delete those of the older template. */
    onDelete?: true;
}

interface Pod {
    name: string;
    ready: boolean;
    /** Name of the template that it was made of. */
    revision: string;
    state: string;
}

/** The label by which a DaemonSet's controller tells pods of one template from those of another. */
const REVISION = "controller-revision-hash";

/** Looks once. */
export async function progressOf(cluster: Cluster, ref: DaemonSetRef): Promise<Progress> {
    const nothing = (unknown: string): Progress => ({ complete: 0, late: [], unknown });
    const { namespace, daemonSet: name } = ref;
    const [nodes, set] = await Promise.all([
        cluster.nodeHeaders(),
        cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace })),
    ]);
    if (!set) return nothing(`${daemonSetName(ref)} does not exist`);
    // As long as its controller has not seen the change, the newest revision may be the one before.
    if ((set.status?.observedGeneration ?? 0) < (set.metadata?.generation ?? 0)) {
        return nothing(`its controller has not seen the change of ${daemonSetName(ref)}`);
    }
    const [revision, pods] = await Promise.all([
        newestRevision(cluster, ref, set),
        podsByNode(cluster, ref, set.spec?.selector, keep),
    ]);
    return await compare(cluster, ref, nodes, pods, revision, set);
}

function keep(pod: V1Pod): Pod {
    const revision = pod.metadata?.labels?.[REVISION] ?? "";
    return { name: pod.metadata!.name!, ready: isReady(pod), revision, state: podState(pod) };
}

/** Of the DaemonSet's revisions that with the highest number: going back to an older template numbers it anew. */
async function newestRevision(
    cluster: Cluster,
    ref: DaemonSetRef,
    set: V1DaemonSet,
): Promise<string | undefined> {
    const { namespace } = ref;
    const labelSelector = selectorText(daemonSetName(ref), set.spec?.selector);
    const revisions = await cluster.list(
        (page) =>
            cluster.apps.listNamespacedControllerRevision({ namespace, labelSelector, ...page }),
        ({ metadata, revision }) => ({ metadata, revision }),
    );
    const [newest] = revisions
        .filter(({ metadata }) =>
            metadata?.ownerReferences?.some(({ uid }) => uid === set.metadata?.uid),
        )
        .sort((a, b) => b.revision - a.revision);
    return newest?.metadata?.labels?.[REVISION];
}

async function compare(
    cluster: Cluster,
    ref: DaemonSetRef,
    nodes: NodeHeader[],
    pods: Map<string, Pod>,
    revision: string | undefined,
    { spec, status }: V1DaemonSet,
): Promise<Progress> {
    // A DaemonSet counts a node that is gone for a while (agentNodes.ts).
    const desired = Math.min(status?.desiredNumberScheduled ?? 0, nodes.length);
    const present = nodes.filter(({ name }) => pods.has(name));
    const isComplete = ({ name }: NodeHeader) => {
        const pod = pods.get(name);
        return pod?.ready === true && pod.revision === revision;
    };
    const complete = present.filter(isComplete).length;
    const incomplete = present.filter((node) => !isComplete(node));
    const podless = desired > present.length ? nodes.filter(({ name }) => !pods.has(name)) : [];
    const reasons = await whyNotReady(cluster, [...incomplete, ...podless]);
    const onDelete = spec?.updateStrategy?.type === "OnDelete";
    const late = incomplete.map((node) => {
        const pod = pods.get(node.name)!;
        const waits = onDelete && pod.revision !== revision;
        const why = waits ? `kubectl -n ${ref.namespace} delete pod ${pod.name}` : whyLate(pod);
        return lateNode(node, why, reasons);
    });
    const excused = podless.filter(({ uid }) => reasons.has(uid)).length;
    const missing = present.length + excused < desired;
    const unknown = `${daemonSetName(ref)} has ${present.length} of ${desired} pods`;
    return { complete, late, ...(missing && { unknown }), ...(onDelete && { onDelete }) };
}

function lateNode(
    { name, uid }: NodeHeader,
    why: string,
    reasons: Awaited<ReturnType<typeof whyNotReady>>,
): LateNode {
    const notReady = reasons.get(uid);
    if (notReady !== undefined) {
        const node = notReady.silent ? "silent" : "not Ready";
        return { name, node, why: `the node is not Ready (${notReady.why})` };
    }
    return { name, node: "Ready", why };
}

function whyLate({ ready, state }: Pod): string {
    return ready ? "its pod is of an older template" : state;
}
