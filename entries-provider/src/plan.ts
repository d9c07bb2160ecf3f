/**
 * Which entries Cilium needs under which SPIRE agent. Pure: the same nodes give the same entries with the same IDs.
 *
 * Three roles (sources: cilium operator/auth/spire/client.go, spire pkg/agent/api/delegatedidentity/v1/service.go):
 *  - `cilium-agent`: the delegate, whose SPIFFE ID is in the agent's `authorized_delegates`.
 *  - `parent-link`: cilium-operator hangs every workload entry under the fixed parent `spiffe://<td>/cilium-operator`;
 *    SPIRE gives an agent only what descends from its own ID, so each agent needs this link. It carries no rights.
 *  - `cilium-operator`: the operator's own identity, admin on the server. Only where the operator may run.
 */
import { type Entries, type Entry, normalize } from "./entry";

export type Registration = "perAgent" | "nodeAlias";

/** A node that runs, or should run, a SPIRE agent. */
export interface AgentNode {
    /** Kubernetes node name. */
    name: string;
    /** UID of the Node object; k8s_psat makes it the last segment of the agent's SPIFFE ID. */
    uid: string;
    labels: Record<string, string>;
}

export interface PlanSettings {
    trustDomain: string;
    clusterName: string;
    idPrefix: string;
    registration: Registration;
    agent: { namespace: string; serviceAccount: string };
    cilium: { namespace: string; agentServiceAccount: string; operatorServiceAccount: string };
    /** Only nodes that carry all these labels get the operator's admin identity. Empty: every node. */
    operatorNodeLabels: Record<string, string>;
}

/** No workload attestor issues this selector, so no workload can ever be given the parent link as an identity. */
const UNMATCHABLE_SELECTOR = "cilium-spire:parent-link";

/** The SPIFFE ID that SPIRE's k8s_psat attestor gives the agent of a node. */
export function agentSpiffeId(trustDomain: string, clusterName: string, nodeUid: string): string {
    return `spiffe://${trustDomain}/spire/agent/k8s_psat/${clusterName}/${nodeUid}`;
}

/** The delegate's SPIFFE ID: the agent's `authorized_delegates` and the entries must agree on it. */
export function delegateSpiffeId(trustDomain: string): string {
    return `spiffe://${trustDomain}/cilium-agent`;
}

/** The entries that make Cilium's mutual authentication work on these nodes, by `<node or "cluster">/<role>`. */
export function planAgentEntries(settings: PlanSettings, nodes: AgentNode[]): Entries {
    const plan =
        settings.registration === "nodeAlias"
            ? [...aliasEntries(settings)]
            : nodes.flatMap((node) => [...entriesOfNode(settings, node)]);
    plan.sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(plan);
}

/** The key, in a plan, of the entry that gives the operator on this node its identity. */
export function operatorEntryKey(registration: Registration, node: string): string {
    return `${registration === "nodeAlias" ? "cluster" : node}/cilium-operator`;
}

function* entriesOfNode(settings: PlanSettings, node: AgentNode): Generator<[string, Entry]> {
    const parentId = agentSpiffeId(settings.trustDomain, settings.clusterName, node.uid);
    const entry = (role: string, fields: RoleFields): [string, Entry] => [
        `${node.name}/${role}`,
        normalize({ id: `${settings.idPrefix}.${node.uid}.${role}`, parentId, ...fields }),
    ];
    yield entry("cilium-agent", delegate(settings));
    yield entry("parent-link", {
        spiffeId: parentLinkId(settings),
        selectors: [UNMATCHABLE_SELECTOR],
    });
    const required = Object.entries(settings.operatorNodeLabels);
    if (required.every(([label, value]) => node.labels[label] === value)) {
        yield entry("cilium-operator", operator(settings));
    }
}

/**
 * The parent link is itself the alias: every agent that attested with our cluster and service account also is
 * `/cilium-operator` for the purpose of parents. SPIRE never hands alias entries out as identities.
 */
function* aliasEntries(settings: PlanSettings): Generator<[string, Entry]> {
    const { trustDomain, clusterName, agent, operatorNodeLabels } = settings;
    const agents = [
        `k8s_psat:cluster:${clusterName}`,
        `k8s_psat:agent_ns:${agent.namespace}`,
        `k8s_psat:agent_sa:${agent.serviceAccount}`,
    ];
    const server = `spiffe://${trustDomain}/spire/server`;
    const entry = (role: string, fields: Omit<Entry, "id">): [string, Entry] => [
        `cluster/${role}`,
        normalize({ id: `${settings.idPrefix}.cluster.${role}`, ...fields }),
    ];
    const alias = parentLinkId(settings);
    yield entry("parent-link", { spiffeId: alias, parentId: server, selectors: agents });
    yield entry("cilium-agent", { parentId: alias, ...delegate(settings) });
    const labels = Object.entries(operatorNodeLabels);
    if (labels.length === 0) {
        yield entry("cilium-operator", { parentId: alias, ...operator(settings) });
        return;
    }
    const operatorNodes = `spiffe://${trustDomain}/cilium-operator-nodes`;
    yield entry("operator-nodes", {
        spiffeId: operatorNodes,
        parentId: server,
        selectors: [...agents, ...labels.map(([k, v]) => `k8s_psat:agent_node_label:${k}:${v}`)],
    });
    yield entry("cilium-operator", { parentId: operatorNodes, ...operator(settings) });
}

type RoleFields = Omit<Entry, "id" | "parentId">;

function parentLinkId(settings: PlanSettings): string {
    return `spiffe://${settings.trustDomain}/cilium-operator`;
}

function delegate({ trustDomain, cilium }: PlanSettings): RoleFields {
    return {
        spiffeId: delegateSpiffeId(trustDomain),
        selectors: [
            `k8s:ns:${cilium.namespace}`,
            `k8s:sa:${cilium.agentServiceAccount}`,
            "k8s:container-name:cilium-agent",
        ],
    };
}

/** Not `/cilium-operator`: adminship goes by SPIFFE ID, and that ID is under every agent. */
function operator({ trustDomain, cilium }: PlanSettings): RoleFields {
    const { namespace, operatorServiceAccount } = cilium;
    return {
        spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/${operatorServiceAccount}`,
        selectors: [`k8s:ns:${namespace}`, `k8s:sa:${operatorServiceAccount}`],
        admin: true,
    };
}
