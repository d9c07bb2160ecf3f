/** The pods of a DaemonSet by their nodes, and the nodes' readiness. */
import type { V1LabelSelector, V1Node, V1Pod } from "@kubernetes/client-node";
import type { Cluster, NodeHeader } from "./cluster";
import { selectorText } from "./pods";

/** Which DaemonSet. */
export interface DaemonSetRef {
    namespace: string;
    daemonSet: string;
}

/** Why a node is not Ready. */
export interface NotReady {
    why: string;
    /** Its kubelet does not answer, or never did: nothing on it changes until that does. */
    silent: boolean;
}

/** Of how many nodes a message says why. */
const EXPLAINED = 20;
/** Of a pause between two looks through all nodes and pods: 10 s with 5,000 nodes. */
const PAUSE_PER_NODE_MS = 2;
/** Up to how many Node objects are read one by one; of more, the list. */
const ONE_BY_ONE = 20;

/** For messages. */
export function daemonSetName({ namespace, daemonSet }: DaemonSetRef): string {
    return `DaemonSet ${namespace}/${daemonSet}`;
}

/** Nodes with the reason that each is named for. */
export function listedNodes(nodes: { name: string; why: string }[]): string {
    const told = nodes.slice(0, EXPLAINED).map(({ name, why }) => `${name}: ${why}`);
    const more = nodes.slice(EXPLAINED).map(({ name }) => name);
    const rest = more.length > 0 ? [`and ${more.length} more: ${more.join(", ")}`] : [];
    return [...told, ...rest].join("; ");
}

/** Milliseconds between two looks at a number of nodes: a look through thousands is work for the API server. */
export function pauseFor(nodes: number): number {
    return Math.max(1000, nodes * PAUSE_PER_NODE_MS);
}

/** @param keep what is kept of each pod. @returns by the name of the node, also of pods that are not scheduled */
export async function podsByNode<K>(
    cluster: Cluster,
    ref: DaemonSetRef,
    selector: V1LabelSelector | undefined,
    keep: (pod: V1Pod) => K,
): Promise<Map<string, K>> {
    const { namespace } = ref;
    const labelSelector = selectorText(daemonSetName(ref), selector);
    const pods = await cluster.list(
        (page) => cluster.core.listNamespacedPod({ namespace, labelSelector, ...page }),
        (pod): [string, K] => [nodeOf(pod), keep(pod)],
    );
    return new Map(pods);
}

/** Of the nodes that are not Ready, or gone, why, by UID. */
export async function whyNotReady(
    cluster: Cluster,
    nodes: NodeHeader[],
): Promise<Map<string, NotReady>> {
    const read = (only: { fieldSelector?: string }) =>
        cluster.list((page) => cluster.core.listNode({ ...only, ...page }), readiness);
    // A list of one needs no other right than the list of all.
    const one = ({ name }: NodeHeader) => read({ fieldSelector: `metadata.name=${name}` });
    const lists = nodes.length > ONE_BY_ONE ? [read({})] : nodes.map(one);
    const known = new Map((await Promise.all(lists)).flat());
    const gone: NotReady = { why: "it is gone", silent: true };
    return new Map(
        nodes.flatMap(({ uid }) => {
            const reason = known.has(uid) ? known.get(uid) : gone;
            return reason === undefined ? [] : [[uid, reason] as const];
        }),
    );
}

function readiness({ metadata, status }: V1Node): [uid: string, notReady: NotReady | undefined] {
    const ready = status?.conditions?.find((condition) => condition.type === "Ready");
    const notReady = {
        why: ready?.message ?? "no status",
        // The node lifecycle controller writes Unknown when it has not heard of a kubelet for a while.
        silent: ready?.status !== "False",
    };
    return [metadata!.uid!, ready?.status === "True" ? undefined : notReady];
}

/** A DaemonSet pod names its node in its affinity; `nodeName` is empty until it is scheduled. */
function nodeOf(pod: V1Pod): string {
    const required =
        pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const named = required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
    return pod.spec?.nodeName ?? named ?? "";
}
