/** SPIRE agents: which have attested, what becomes of nodes whose agent has not, and which agents are left over. */
import type { Cluster } from "../kube/cluster";
import { type DaemonSetRef, listedNodes, pauseFor } from "../kube/daemonSets";
import { type Attempt, poll } from "../kube/poll";
import {
    type AgentNode,
    agentNodes,
    type HasEntries,
    missingPods,
    type SeenNode,
    type SeenNodes,
    wantedNodes,
    withReadiness,
} from "./agentNodes";
import type { AttestedAgent, SpireServer } from "./spireServer";

/** Whose agents, in SPIFFE terms. */
export interface AgentIdentity {
    trustDomain: string;
    clusterName: string;
}

/** What becomes of nodes without an attested agent. */
export interface AttendanceRules {
    /**
     * Ready nodes: `fail` waits for them until the deadline, `exclude` goes on without them then. Absent: `fail`. Nodes that
     * are not Ready are never waited for.
     */
    unattestedNodes?: "fail" | "exclude";
}

/** By what nodes get entries. */
export interface Roster extends AgentIdentity, AttendanceRules {
    hasEntries: HasEntries;
}

/** A node that gets no entries. */
export interface Exclusion {
    node: AgentNode;
    /** Always the same words for the same cause: an input of a resource, whose every change is a difference. */
    reason: string;
    /** What is known in this moment. */
    why: string;
}

/** The nodes where agents belong, by what their agents have done. */
export interface RollCall {
    wanted: AgentNode[];
    /** Nodes that get entries. */
    present: AgentNode[];
    /** Nodes without an agent that may attest. */
    excluded: Exclusion[];
    /** Ready nodes whose agent has not attested; with `fail` they are `present` too. */
    late: Exclusion[];
}

const BANNED = "its agent is banned";
const NOT_READY = "its node is not Ready";
const NOT_ATTESTED = "its agent has not attested";

/** The SPIFFE ID that SPIRE's k8s_psat attestor gives the agent of a node. */
export function agentSpiffeId(trustDomain: string, clusterName: string, nodeUid: string): string {
    return `spiffe://${trustDomain}/spire/agent/k8s_psat/${clusterName}/${nodeUid}`;
}

/**
 * Sorts nodes by whether they get entries:
 *  - Not those whose agent is banned: banning is SPIRE's revocation, and entries would undo it half.
 *  - Not those that are not Ready and whose agent has not attested: they may never come. But one that has entries keeps
 *    them as long as its Node object is there, so that a reboot is neither a difference nor an outage.
 *  - Ready ones whose agent has not attested as the rules say; again none loses what it has.
 */
function callRoll(rules: Roster, wanted: SeenNode[], agents: AttestedAgent[]): RollCall {
    const { hasEntries } = rules;
    const now = Date.now() / 1000;
    const known = new Map(agents.map((agent) => [agent.spiffeId, agent]));
    const roll: RollCall = { wanted, present: [], excluded: [], late: [] };
    for (const node of wanted) {
        const agent = known.get(idOf(rules, node.uid));
        const { notReady } = node;
        if (agent?.banned) roll.excluded.push({ node, reason: BANNED, why: BANNED });
        else if (agent && agent.expiresAt > now) roll.present.push(node);
        else if (notReady === undefined) {
            const late = { node, reason: NOT_ATTESTED, why: whyLate(node) };
            roll.late.push(late);
            if (rules.unattestedNodes !== "exclude" || hasEntries(node)) roll.present.push(node);
            else roll.excluded.push(late);
        } else if (hasEntries(node)) roll.present.push(node);
        else {
            const why = `node is not Ready (${notReady})`;
            roll.excluded.push({ node, reason: NOT_READY, why });
        }
    }
    return roll;
}

/**
 * Calls the roll of the nodes where agents belong, after a closer look at those whose agents are missing.
 *
 * @returns also the nodes as they are then known.
 */
export async function rollCall(
    cluster: Cluster,
    nodes: SeenNodes,
    rules: Roster,
    agents: AttestedAgent[],
): Promise<RollCall & { seen: SeenNodes }> {
    const { hasEntries } = rules;
    const now = Date.now() / 1000;
    const known = new Set(
        agents.filter((a) => a.banned || a.expiresAt > now).map((a) => a.spiffeId),
    );
    const attested = ({ uid }: AgentNode) => known.has(idOf(rules, uid));
    const seen = await withReadiness(cluster, nodes, attested, hasEntries);
    return { ...callRoll(rules, wantedNodes(seen, hasEntries), agents), seen };
}

/** The nodes that are left out for want of an agent, and not for what it did: in words, or undefined for none. */
export function leftOut({ excluded }: RollCall, known: object = {}): string | undefined {
    const found = excluded.filter(
        ({ node, reason }) => reason !== BANNED && !Object.hasOwn(known, node.name),
    );
    return found.length ? listed(found) : undefined;
}

/** True for a node that is left out because somebody banned its agent. */
export function isBanned({ reason }: Exclusion): boolean {
    return reason === BANNED;
}

/**
 * SPIFFE IDs of agents of this cluster whose Node object is gone. SPIRE keeps them, and a ban must be kept.
 *
 * @param nodes all of the cluster; none are no answer, and then no agent is stale.
 */
export function staleAgents(
    identity: AgentIdentity,
    nodes: AgentNode[],
    agents: AttestedAgent[],
): string[] {
    if (nodes.length === 0) return [];
    const known = new Set(nodes.map((node) => idOf(identity, node.uid)));
    const prefix = idOf(identity, "");
    return agents
        .filter((a) => a.spiffeId.startsWith(prefix) && !known.has(a.spiffeId) && !a.banned)
        .map((agent) => agent.spiffeId);
}

/** What {@link waitForAgents} found. */
export interface Attestation extends RollCall {
    /** Every node of the cluster. */
    all: AgentNode[];
    agents: AttestedAgent[];
}

/** What {@link waitForAgents} goes by. */
export interface Awaited extends Roster {
    agentDaemonSet: DaemonSetRef;
    /** What the last `up` left out, by node: with `exclude` it has waited for those that were late. */
    givenUp?: Record<string, string> | undefined;
}

/**
 * Waits until the agents of all nodes have attested that {@link rollCall} does not leave out.
 *
 * @param waitMs the deadline; 0 looks once.
 * @throws Error at the deadline that names each missing node and why its agent is missing; also when every node would
 * be left out.
 */
export async function waitForAgents(
    cluster: Cluster,
    server: Pick<SpireServer, "agents">,
    awaited: Awaited,
    waitMs: number,
): Promise<Attestation> {
    const { agentDaemonSet, unattestedNodes, givenUp = {} } = awaited;
    const isGivenUp = (name: string) =>
        unattestedNodes === "exclude" && givenUp[name] === NOT_ATTESTED;
    let count = 0;
    const attempt = async (): Promise<Attempt<Attestation>> => {
        const [nodes, agents] = await Promise.all([
            agentNodes(cluster, agentDaemonSet),
            server.agents(),
        ]);
        count = nodes.nodes.length;
        const { seen, ...roll } = await rollCall(cluster, nodes, awaited, agents);
        const missing = missingPods(seen, agentDaemonSet);
        if (missing !== undefined) return { waitingFor: missing };
        const nobody = roll.present.length === 0 ? leftOut(roll) : undefined;
        if (nobody !== undefined) return { waitingFor: `not one node has an agent: ${nobody}` };
        const result = { ...roll, all: seen.nodes, agents };
        const late = roll.late.filter(({ node }) => !isGivenUp(node.name));
        if (late.length === 0) return { done: result };
        const waitingFor = listed(late);
        return unattestedNodes === "exclude" ? { waitingFor, late: () => result } : { waitingFor };
    };
    const intervalMs = () => pauseFor(count);
    return await poll(waitMs, "complete attestation of the SPIRE agents", attempt, { intervalMs });
}

function idOf({ trustDomain, clusterName }: AgentIdentity, uid: string): string {
    return agentSpiffeId(trustDomain, clusterName, uid);
}

function listed(exclusions: Exclusion[]): string {
    return listedNodes(exclusions.map(({ node, why }) => ({ name: node.name, why })));
}

function whyLate({ pod }: SeenNode): string {
    if (!pod) return "the DaemonSet has no pod for it";
    const { name, namespace, ready, state } = pod;
    if (ready) {
        return `pod ${name} is Ready but attested under another ID; was the Node object recreated? Delete the pod`;
    }
    return `${state}; see kubectl -n ${namespace} logs ${name}`;
}
