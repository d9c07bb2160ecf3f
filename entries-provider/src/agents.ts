/** SPIRE agents: on which nodes they belong, which have attested, and why one has not. */
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "./kube";
import { agentSpiffeId, type AgentNode } from "./plan";
import { poll } from "./poll";
import { isReady, podState, selectorText, type SpireServer } from "./spireServer";

/** Where the agents run. */
export interface AgentRef {
    namespace: string;
    daemonSet: string;
}

interface AgentPods {
    byNode: Map<string, V1Pod>;
    /** How many the DaemonSet controller wants. */
    desired: number;
}

/**
 * The nodes that should have an attested agent: those on which the DaemonSet has put a pod, or every node as long as
 * there is no DaemonSet (a first preview).
 */
export async function agentNodes(cluster: Cluster, agent: AgentRef): Promise<AgentNode[]> {
    const [nodes, pods] = await Promise.all([
        cluster.ask(cluster.core.listNode()),
        agentPods(cluster, agent),
    ]);
    return nodes.items
        .filter((node) => pods === undefined || pods.byNode.has(node.metadata!.name!))
        .map((node) => ({
            name: node.metadata!.name!,
            uid: node.metadata!.uid!,
            labels: node.metadata!.labels ?? {},
        }));
}

/**
 * Waits until the agents of all nodes have attested.
 *
 * @throws Error at the deadline that names each missing node and why its agent is missing.
 */
export async function waitForAgents(
    cluster: Cluster,
    server: SpireServer,
    agent: AgentRef,
    identity: { trustDomain: string; clusterName: string },
    waitMs: number,
): Promise<AgentNode[]> {
    return await poll<AgentNode[]>(waitMs, "complete attestation of the SPIRE agents", async () => {
        const [nodes, pods, attested] = await Promise.all([
            cluster.ask(cluster.core.listNode()),
            agentPods(cluster, agent),
            server.agents(),
        ]);
        const where = `${agent.namespace}/${agent.daemonSet}`;
        if (pods === undefined) return { waitingFor: `DaemonSet ${where} does not exist` };
        if (pods.byNode.size < Math.max(pods.desired, 1)) {
            return {
                waitingFor: `DaemonSet ${where} has ${pods.byNode.size} of ${pods.desired} pods`,
            };
        }
        const now = Date.now() / 1000;
        const current = new Map(
            attested.filter((a) => a.expiresAt > now).map((a) => [a.spiffeId, a]),
        );
        const expected: AgentNode[] = [];
        const missing: string[] = [];
        for (const node of nodes.items) {
            const pod = pods.byNode.get(node.metadata!.name!);
            if (!pod) continue;
            const uid = node.metadata!.uid!;
            const id = agentSpiffeId(identity.trustDomain, identity.clusterName, uid);
            const found = current.get(id);
            if (!found) missing.push(whyMissing(node, pod));
            else if (found.banned) missing.push(`${node.metadata!.name!}: agent ${id} is banned`);
            expected.push({ name: node.metadata!.name!, uid, labels: node.metadata!.labels ?? {} });
        }
        return missing.length ? { waitingFor: missing.join("; ") } : { done: expected };
    });
}

/** The DaemonSet's pods by node, undefined when it does not exist. */
async function agentPods(cluster: Cluster, agent: AgentRef): Promise<AgentPods | undefined> {
    const { namespace, daemonSet: name } = agent;
    const set = await cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace }));
    if (!set) return undefined;
    const labelSelector = selectorText(set.spec!.selector);
    const pods = await cluster.ask(cluster.core.listNamespacedPod({ namespace, labelSelector }));
    // A DaemonSet pod names its node in its affinity before it is scheduled; until then it has no nodeName.
    const byNode = new Map(pods.items.map((pod) => [pod.spec?.nodeName ?? affinityNode(pod), pod]));
    return { byNode, desired: set.status?.desiredNumberScheduled ?? 0 };
}

function affinityNode(pod: V1Pod): string {
    const terms =
        pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
            ?.nodeSelectorTerms;
    return terms?.[0]?.matchFields?.[0]?.values?.[0] ?? "";
}

function whyMissing(node: V1Node, pod: V1Pod): string {
    const name = node.metadata!.name!;
    const nodeReady = node.status?.conditions?.find((c) => c.type === "Ready");
    if (nodeReady?.status !== "True") {
        return `${name}: node is not Ready (${nodeReady?.message ?? "no status"})`;
    }
    if (isReady(pod)) {
        return `${name}: pod ${pod.metadata!.name!} is Ready but attested as another node; was the Node object recreated? Delete the pod`;
    }
    return `${name}: ${podState(pod)}; see kubectl -n ${pod.metadata!.namespace!} logs ${pod.metadata!.name!}`;
}
