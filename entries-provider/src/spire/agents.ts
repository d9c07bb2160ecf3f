/** SPIRE agents: on which nodes they belong, which have attested, and why one has not. */
import type { V1DaemonSet, V1Pod } from "@kubernetes/client-node";
import type { Cluster, NodeHeader } from "../kube/cluster";
import { isReady, podState, selectorText } from "../kube/pods";
import { type Attempt, poll } from "../kube/poll";
import type { AttestedAgent, SpireServer } from "./spireServer";

/** Of how many missing agents the reason is looked up. */
const EXPLAINED = 20;

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

/** A node that runs, or should run, a SPIRE agent. Its UID is the last segment of the agent's SPIFFE ID (k8s_psat). */
export type AgentNode = NodeHeader;

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
    const [all, set] = await Promise.all([cluster.nodeHeaders(), daemonSet(cluster, agent)]);
    if (!set) return { all, wanted: all };
    const pods = await podsByNode(cluster, agent, set);
    return { all, wanted: all.filter((node) => pods.has(node.name)) };
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
 * @throws Error at the deadline that names each missing node, and says of the first 20 why the agent is missing.
 */
export async function waitForAgents(
    cluster: Cluster,
    server: Pick<SpireServer, "agents">,
    agent: AgentRef,
    identity: AgentIdentity,
    waitMs: number,
): Promise<Attestation> {
    const where = nameOf(agent);
    const attempt = async (last: boolean): Promise<Attempt<Attestation>> => {
        const [set, agents] = await Promise.all([daemonSet(cluster, agent), server.agents()]);
        if (!set) return { waitingFor: `${where} does not exist` };
        const desired = Math.max(set.status?.desiredNumberScheduled ?? 0, 1);
        const known = attestedIds(identity, agents);
        // Thousands of nodes and pods are not looked through each second when their number alone says that some are missing.
        if (!last && known.size < desired) {
            return { waitingFor: `${known.size} of the ${desired} agents of ${where} attested` };
        }
        const [all, pods] = await Promise.all([
            cluster.nodeHeaders(),
            podsByNode(cluster, agent, set),
        ]);
        if (pods.size < desired) {
            return { waitingFor: `${where} has ${pods.size} of ${desired} pods` };
        }
        const wanted = all.filter((node) => pods.has(node.name));
        const missing = wanted.filter((node) => !known.has(idOf(identity, node.uid)));
        if (missing.length === 0) return { done: { all, wanted, agents } };
        const names = missing.map((node) => node.name);
        if (!last) return { waitingFor: names.join(", ") };
        const reasons = names
            .slice(0, EXPLAINED)
            .map((name) => whyMissing(cluster, name, pods.get(name)!));
        const more = names.slice(EXPLAINED);
        const rest = more.length > 0 ? `; and ${more.length} more: ${more.join(", ")}` : "";
        return { waitingFor: (await Promise.all(reasons)).join("; ") + rest };
    };
    return await poll(waitMs, "complete attestation of the SPIRE agents", attempt);
}

/** SPIFFE IDs of this cluster's agents that need not be waited for: attested and not expired, or banned. */
function attestedIds(identity: AgentIdentity, agents: AttestedAgent[]): Set<string> {
    const now = Date.now() / 1000;
    const prefix = idOf(identity, "");
    return new Set(
        agents
            .filter((a) => a.spiffeId.startsWith(prefix) && (a.banned || a.expiresAt > now))
            .map((a) => a.spiffeId),
    );
}

async function daemonSet(
    cluster: Cluster,
    { namespace, daemonSet: name }: AgentRef,
): Promise<V1DaemonSet | undefined> {
    return await cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace }));
}

function nameOf({ namespace, daemonSet: name }: AgentRef): string {
    return `DaemonSet ${namespace}/${name}`;
}

/** What is kept of an agent's pod. */
interface AgentPod {
    name: string;
    namespace: string;
    ready: boolean;
    state: string;
}

async function podsByNode(
    cluster: Cluster,
    agent: AgentRef,
    set: V1DaemonSet,
): Promise<Map<string, AgentPod>> {
    const { namespace } = agent;
    const labelSelector = selectorText(nameOf(agent), set.spec?.selector);
    const pods = await cluster.list(
        (page) => cluster.core.listNamespacedPod({ namespace, labelSelector, ...page }),
        (pod): [string, AgentPod] => [
            nodeOf(pod),
            { name: pod.metadata!.name!, namespace, ready: isReady(pod), state: podState(pod) },
        ],
    );
    return new Map(pods);
}

/** A DaemonSet pod names its node in its affinity; `nodeName` is empty until it is scheduled. */
function nodeOf(pod: V1Pod): string {
    const required =
        pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const named = required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
    return pod.spec?.nodeName ?? named ?? "";
}

function idOf({ trustDomain, clusterName }: AgentIdentity, uid: string): string {
    return agentSpiffeId(trustDomain, clusterName, uid);
}

async function whyMissing(cluster: Cluster, name: string, pod: AgentPod): Promise<string> {
    const node = await cluster.find(cluster.core.readNode({ name }));
    const ready = node?.status?.conditions?.find((c) => c.type === "Ready");
    if (ready?.status !== "True") {
        return `${name}: node is not Ready (${ready?.message ?? "no status"})`;
    }
    if (pod.ready) {
        return `${name}: pod ${pod.name} is Ready but attested under another ID; was the Node object recreated? Delete the pod`;
    }
    return `${name}: ${pod.state}; see kubectl -n ${pod.namespace} logs ${pod.name}`;
}
