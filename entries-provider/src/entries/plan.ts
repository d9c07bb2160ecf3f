/**
 * Which entries Cilium needs. Pure: the same nodes give the same entries with the same IDs.
 *
 * SPIRE gives an agent the entries that descend from its own ID, through any number of parents, so what all agents share is
 * written once, under a link that each agent has (sources: cilium operator/auth/spire/client.go, spire
 * pkg/server/authorizedentries/cache.go, pkg/agent/api/delegatedidentity/v1/service.go):
 *  - `parent-link`, per agent: `spiffe://<td>/cilium-operator`, the fixed parent under which cilium-operator hangs every
 *    workload entry. It carries no rights.
 *  - `cilium-agent`, once, under the link: the delegate, whose SPIFFE ID is in the agents' `authorized_delegates`.
 *  - `cilium-operator`, once: the operator's own identity, admin on the server. Under the link, or, where the operator is
 *    restricted to some nodes, under an `operator-link` that only their agents have.
 *
 * One entry per agent also is what keeps registration linear: SPIRE looks for a similar entry before it writes one, and that
 * look-up reads every entry that shares a selector, so links have selectors of their own.
 */
import type { AgentNode } from "../spire/agentNodes";
import { agentSpiffeId } from "../spire/agents";
import { type Entries, type Entry, normalize } from "../spire/entry";

export type Registration = "perAgent" | "nodeAlias";

export interface PlanSettings {
    trustDomain: string;
    clusterName: string;
    idPrefix: string;
    registration: Registration;
    agent: { namespace: string; serviceAccount: string };
    /** SPIFFE ID of Cilium's agents in `authorized_delegates` of SPIRE's. Absent: {@link delegateSpiffeId}. */
    delegate?: string;
    cilium: { namespace: string; agentServiceAccount: string; operatorServiceAccount: string };
    /** Only nodes that carry all these labels get the operator's admin identity. Empty: every node. */
    operatorNodeLabels: Record<string, string>;
}

/** No workload attestor issues selectors of this type, so no workload can ever be given a link as an identity. */
const LINK_SELECTOR = "cilium-spire";

/** The delegate's SPIFFE ID: the agent's `authorized_delegates` and the entries must agree on it. */
export function delegateSpiffeId(trustDomain: string): string {
    return `spiffe://${trustDomain}/cilium-agent`;
}

/** The entries that make Cilium's mutual authentication work on these nodes, by `<node or "cluster">/<role>`. */
export function planAgentEntries(settings: PlanSettings, nodes: AgentNode[]): Entries {
    const links =
        settings.registration === "nodeAlias"
            ? [...aliases(settings)]
            : nodes.flatMap((node) => [...linksOf(settings, node)]);
    const plan = [...links, ...sharedEntries(settings)];
    plan.sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(plan);
}

/** The keys, in a plan, of the entries that lead to the identity of an operator that runs on this node. */
export function operatorEntryKeys(node: string): string[] {
    const places = [node, "cluster"];
    const roles = ["parent-link", "operator-link", "cilium-operator"];
    return places.flatMap((place) => roles.map((role) => `${place}/${role}`));
}

type Planned = [key: string, entry: Entry];

/** What every agent shares. */
function* sharedEntries(settings: PlanSettings): Generator<Planned> {
    const { trustDomain, cilium, delegate = delegateSpiffeId(trustDomain) } = settings;
    const { namespace, agentServiceAccount, operatorServiceAccount } = cilium;
    yield shared(settings, "cilium-agent", {
        spiffeId: delegate,
        parentId: parentLinkId(settings),
        selectors: [
            `k8s:ns:${namespace}`,
            `k8s:sa:${agentServiceAccount}`,
            "k8s:container-name:cilium-agent",
        ],
    });
    yield shared(settings, "cilium-operator", {
        // Not `/cilium-operator`: adminship goes by SPIFFE ID, and that ID is under every agent.
        spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/${operatorServiceAccount}`,
        parentId: isRestricted(settings) ? operatorLinkId(settings) : parentLinkId(settings),
        selectors: [`k8s:ns:${namespace}`, `k8s:sa:${operatorServiceAccount}`],
        admin: true,
    });
}

function* linksOf(settings: PlanSettings, { name, uid, labels }: AgentNode): Generator<Planned> {
    const link = (role: string, spiffeId: string): Planned => [
        `${name}/${role}`,
        normalize({
            id: `${settings.idPrefix}.${uid}.${role}`,
            spiffeId,
            parentId: agentSpiffeId(settings.trustDomain, settings.clusterName, uid),
            selectors: [`${LINK_SELECTOR}:${role}:${uid}`],
        }),
    ];
    yield link("parent-link", parentLinkId(settings));
    const required = Object.entries(settings.operatorNodeLabels);
    if (isRestricted(settings) && required.every(([label, value]) => labels[label] === value)) {
        yield link("operator-link", operatorLinkId(settings));
    }
}

/**
 * The links as aliases: every agent that attested with our cluster and service account also is `/cilium-operator` for the
 * purpose of parents. SPIRE never hands alias entries out as identities.
 */
function* aliases(settings: PlanSettings): Generator<Planned> {
    const { trustDomain, clusterName, agent, operatorNodeLabels } = settings;
    const parentId = `spiffe://${trustDomain}/spire/server`;
    const agents = [
        `k8s_psat:cluster:${clusterName}`,
        `k8s_psat:agent_ns:${agent.namespace}`,
        `k8s_psat:agent_sa:${agent.serviceAccount}`,
    ];
    const spiffeId = parentLinkId(settings);
    yield shared(settings, "parent-link", { spiffeId, parentId, selectors: agents });
    if (!isRestricted(settings)) return;
    const labels = Object.entries(operatorNodeLabels).map(
        ([label, value]) => `k8s_psat:agent_node_label:${label}:${value}`,
    );
    yield shared(settings, "operator-link", {
        spiffeId: operatorLinkId(settings),
        parentId,
        selectors: [...agents, ...labels],
    });
}

function shared(settings: PlanSettings, role: string, fields: Omit<Entry, "id">): Planned {
    return [
        `cluster/${role}`,
        normalize({ id: `${settings.idPrefix}.cluster.${role}`, ...fields }),
    ];
}

/** True when the operator runs on some nodes only. */
function isRestricted({ operatorNodeLabels }: PlanSettings): boolean {
    return Object.keys(operatorNodeLabels).length > 0;
}

/** Under what cilium-operator hangs the identities: fixed (cilium operator/auth/spire/client.go, defaultParentID). */
export function parentLinkSpiffeId(trustDomain: string): string {
    return `spiffe://${trustDomain}/cilium-operator`;
}

function parentLinkId({ trustDomain }: PlanSettings): string {
    return parentLinkSpiffeId(trustDomain);
}

function operatorLinkId({ trustDomain }: PlanSettings): string {
    return `spiffe://${trustDomain}/cilium-operator-nodes`;
}
