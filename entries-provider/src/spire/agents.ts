/** SPIRE agents: on which nodes they belong, which have attested, and why one has not. */
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../kube/cluster";
import { isReady, podState, selectorText } from "../kube/pods";
import { poll } from "../kube/poll";
import type { AttestedAgent, SpireServer } from "./spireServer";

/** Where the agents run. */
export interface AgentRef {
    namespace: string;
    daemonSet: string;
}

/** Whose agents, in SPIFFE terms. */
export interface AgentIdentity {
    trustDomain: string;
    clusterName: string;
}

/** A node that runs, or should run, a SPIRE agent. */
export interface AgentNode {
    /** Kubernetes node name. */
    name: string;
    /** UID of the Node object; k8s_psat makes it the last segment of the agent's SPIFFE ID. */
    uid: string;
    labels: Record<string, string>;
}

/** The nodes of a cluster, from the agents' point of view. */
export interface AgentNodes {
    all: AgentNode[];
    /** Those on which the DaemonSet has put a pod; all, as long as there is no DaemonSet (a first preview). */
    wanted: AgentNode[];
}

/** The SPIFFE ID that SPIRE's k8s_psat attestor gives the agent of a node. */
export function agentSpiffeId(trustDomain: string, clusterName: string, nodeUid: string): string {
    return `spiffe://${trustDomain}/spire/agent/k8s_psat/${clusterName}/${nodeUid}`;
}

/** Reads the nodes of the cluster. */
export async function agentNodes(cluster: Cluster, agent: AgentRef): Promise<AgentNodes> {
    const { nodes, pods } = await readCluster(cluster, agent);
    const all = nodes.map(agentNode);
    return { all, wanted: all.filter((node) => pods?.byNode.has(node.name) ?? true) };
}

/**
 * Leaves out the nodes whose agents are banned: banning is SPIRE's revocation, and entries would undo it half.
 *
 * @returns the nodes left, and the reason for each that was left out.
 */
export function withoutBanned(
    identity: AgentIdentity,
    nodes: AgentNode[],
    agents: AttestedAgent[],
): { allowed: AgentNode[]; excluded: Record<string, string> } {
    const banned = new Set(agents.filter((agent) => agent.banned).map((agent) => agent.spiffeId));
    const isBanned = (node: AgentNode) => banned.has(idOf(identity, node.uid));
    return {
        allowed: nodes.filter((node) => !isBanned(node)),
        excluded: Object.fromEntries(
            nodes.filter(isBanned).map((node) => [node.name, "its agent is banned"]),
        ),
    };
}

/** SPIFFE IDs of agents of this cluster whose Node object is gone. SPIRE keeps them, and a ban must be kept. */
export function staleAgents(
    identity: AgentIdentity,
    nodes: AgentNode[],
    agents: AttestedAgent[],
): string[] {
    const known = new Set(nodes.map((node) => idOf(identity, node.uid)));
    const prefix = idOf(identity, "");
    return agents
        .filter((a) => a.spiffeId.startsWith(prefix) && !known.has(a.spiffeId) && !a.banned)
        .map((agent) => agent.spiffeId);
}

/** What {@link waitForAgents} found once all had attested. */
export interface Attestation extends AgentNodes {
    agents: AttestedAgent[];
}

/**
 * Waits until the agents of all nodes have attested; banned ones are not waited for.
 *
 * @param waitMs the deadline; 0 looks once.
 * @throws Error at the deadline that names each missing node and why its agent is missing.
 */
export async function waitForAgents(
    cluster: Cluster,
    server: SpireServer,
    agent: AgentRef,
    identity: AgentIdentity,
    waitMs: number,
): Promise<Attestation> {
    return await poll<Attestation>(waitMs, "complete attestation of the SPIRE agents", async () => {
        const [{ nodes, pods }, agents] = await Promise.all([
            readCluster(cluster, agent),
            server.agents(),
        ]);
        const where = `DaemonSet ${agent.namespace}/${agent.daemonSet}`;
        if (!pods) return { waitingFor: `${where} does not exist` };
        if (pods.byNode.size < Math.max(pods.desired, 1)) {
            return { waitingFor: `${where} has ${pods.byNode.size} of ${pods.desired} pods` };
        }
        const now = Date.now() / 1000;
        const known = new Set(
            agents.filter((a) => a.banned || a.expiresAt > now).map((a) => a.spiffeId),
        );
        const missing = nodes.flatMap((node) => {
            const pod = pods.byNode.get(node.metadata!.name!);
            if (!pod || known.has(idOf(identity, node.metadata!.uid!))) return [];
            return [whyMissing(node, pod)];
        });
        if (missing.length) return { waitingFor: missing.join("; ") };
        const all = nodes.map(agentNode);
        const wanted = all.filter((node) => pods.byNode.has(node.name));
        return { done: { all, wanted, agents } };
    });
}

interface AgentPods {
    byNode: Map<string, V1Pod>;
    /** How many the DaemonSet controller wants. */
    desired: number;
}

/** Nodes, and the pods of the DaemonSet if there is one. */
async function readCluster(
    cluster: Cluster,
    { namespace, daemonSet: name }: AgentRef,
): Promise<{ nodes: V1Node[]; pods: AgentPods | undefined }> {
    const [nodes, set] = await Promise.all([
        cluster.ask(cluster.core.listNode()),
        cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace })),
    ]);
    if (!set) return { nodes: nodes.items, pods: undefined };
    const labelSelector = selectorText(set.spec!.selector);
    const pods = await cluster.ask(cluster.core.listNamespacedPod({ namespace, labelSelector }));
    const byNode = new Map(pods.items.map((pod) => [nodeOf(pod), pod]));
    return {
        nodes: nodes.items,
        pods: { byNode, desired: set.status?.desiredNumberScheduled ?? 0 },
    };
}

/** A DaemonSet pod names its node in its affinity; `nodeName` is empty until it is scheduled. */
function nodeOf(pod: V1Pod): string {
    const required =
        pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const named = required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
    return pod.spec?.nodeName ?? named ?? "";
}

function agentNode(node: V1Node): AgentNode {
    const { name, uid, labels } = node.metadata!;
    return { name: name!, uid: uid!, labels: labels ?? {} };
}

function idOf({ trustDomain, clusterName }: AgentIdentity, uid: string): string {
    return agentSpiffeId(trustDomain, clusterName, uid);
}

function whyMissing(node: V1Node, pod: V1Pod): string {
    const name = node.metadata!.name!;
    const podName = pod.metadata!.name!;
    const ready = node.status?.conditions?.find((c) => c.type === "Ready");
    if (ready?.status !== "True") {
        return `${name}: node is not Ready (${ready?.message ?? "no status"})`;
    }
    if (isReady(pod)) {
        return `${name}: pod ${podName} is Ready but attested under another ID; was the Node object recreated? Delete the pod`;
    }
    return `${name}: ${podState(pod)}; see kubectl -n ${pod.metadata!.namespace!} logs ${podName}`;
}
