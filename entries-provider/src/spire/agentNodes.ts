/** The nodes of a cluster as SPIRE's agents need them: which there are, how they are, and where an agent belongs. */
import type { Cluster, NodeHeader } from "../kube/cluster";
import { daemonSetName, type DaemonSetRef, podsByNode, whyNotReady } from "../kube/daemonSets";
import { isReady, podState } from "../kube/pods";

/** A node that runs, or should run, a SPIRE agent. Its UID is the last segment of the agent's SPIFFE ID (k8s_psat). */
export type AgentNode = NodeHeader;

/** A node as the cluster has it now. */
export interface SeenNode extends AgentNode {
    /** The DaemonSet's pod for it, also one that is not scheduled. */
    pod?: AgentPod;
    /** Why the node is not Ready; absent when it is, and as long as {@link withReadiness} has not looked. */
    notReady?: string;
}

/** What is kept of an agent's pod. */
export interface AgentPod {
    name: string;
    namespace: string;
    ready: boolean;
    state: string;
}

/** What was read of the cluster. */
export interface SeenNodes {
    nodes: SeenNode[];
    /**
     * How many pods the DaemonSet should have, which is at most as many as there are nodes: its controller counts a node
     * that is gone until something else makes it look again (kubernetes pkg/controller/daemon has no handler of a deleted
     * node), minutes later. Absent as long as there is no DaemonSet.
     */
    desired?: number;
}

/** True for a node that has entries on the server, or had in the last `up`. */
export type HasEntries = (node: AgentNode) => boolean;

/** Reads all nodes, and the pods of the DaemonSet if there is one. */
export async function agentNodes(cluster: Cluster, agent: DaemonSetRef): Promise<SeenNodes> {
    const { namespace, daemonSet: name } = agent;
    const [nodes, set] = await Promise.all([
        cluster.nodeHeaders(),
        cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace })),
    ]);
    if (!set) return { nodes };
    const pods = await podsByNode(cluster, agent, set.spec?.selector, (pod): AgentPod => ({
        name: pod.metadata!.name!,
        namespace,
        ready: isReady(pod),
        state: podState(pod),
    }));
    return {
        nodes: nodes.map((node) => {
            const pod = pods.get(node.name);
            return pod ? { ...node, pod } : node;
        }),
        desired: Math.min(set.status?.desiredNumberScheduled ?? 0, nodes.length || Infinity),
    };
}

/**
 * Adds whether nodes are Ready, for those of which it matters: where an agent is missing or a pod, as far as known. The
 * status is most of a Node object, so it is not read of all.
 *
 * @param attested true for nodes whose agents have attested.
 */
export async function withReadiness(
    cluster: Cluster,
    seen: SeenNodes,
    attested: (node: AgentNode) => boolean,
    hasEntries: HasEntries,
): Promise<SeenNodes> {
    if (seen.desired === undefined) return seen;
    const short = isShort(seen);
    const asked = seen.nodes.filter((node) =>
        node.pod ? !attested(node) : short || hasEntries(node),
    );
    const reasons = await whyNotReady(cluster, asked);
    const nodes = seen.nodes.map((node) => {
        const notReady = reasons.get(node.uid)?.why;
        return notReady === undefined ? node : { ...node, notReady };
    });
    return { ...seen, nodes };
}

/**
 * The nodes where an agent belongs: those for which the DaemonSet has a pod; all, as long as there is no DaemonSet or it
 * has no pod (a first preview).
 *
 * A pod that is missing takes nothing from a node that has entries, while its node is not Ready or the DaemonSet has fewer
 * pods than it wants: that is how a reboot, a rollout and a controller that has just started look.
 */
export function wantedNodes(seen: SeenNodes, hasEntries: HasEntries): SeenNode[] {
    const { nodes, desired } = seen;
    if (desired === undefined) return nodes;
    const short = isShort(seen);
    const wanted = nodes.filter(
        (node) => node.pod ?? ((short || node.notReady !== undefined) && hasEntries(node)),
    );
    return wanted.length ? wanted : nodes;
}

/** Why the DaemonSet's pods are not all there. One that cannot be made for a node that is not Ready is not missed. */
export function missingPods(seen: SeenNodes, agent: DaemonSetRef): string | undefined {
    const { nodes, desired } = seen;
    const where = daemonSetName(agent);
    if (desired === undefined) return `${where} does not exist`;
    const found = podCount(seen);
    const excused = nodes.filter((node) => !node.pod && node.notReady !== undefined).length;
    if (found > 0 && found + excused >= desired) return undefined;
    return `${where} has ${found} of ${desired} pods`;
}

function isShort(seen: SeenNodes): boolean {
    return podCount(seen) < Math.max(seen.desired ?? 0, 1);
}

function podCount({ nodes }: SeenNodes): number {
    return nodes.filter((node) => node.pod).length;
}
