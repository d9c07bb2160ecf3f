/** The API server, and the nodes that get no entries. */
import {
    ClusterUnreachable,
    isBanned,
    messageOf,
    staleAgents,
} from "@cilium-spire/entries-provider";
import { SERVER_PROGRAM } from "@cilium-spire/entries-provider";
import { requireCluster } from "../requirements";
import { type Check, found, type Trouble } from "./check";

const UNFIT: Trouble = {
    id: "cluster-unfit",
    symptom: "`pulumi up` or `pulumi preview` refuses the cluster before anything is changed.",
    why: 'The next "pulumi up" ends with this.',
    cure: "do what the finding says",
};
const NODE_EXCLUDED: Trouble = {
    id: "node-excluded",
    symptom:
        "Pods on one node are blocked where authentication is required, after the node was away or is new.",
    why: "Without entries its agent gets no identities, so its pods are blocked where authentication is required.",
    cure: "see why: `kubectl describe node NODE`; bring it back, then run `pulumi up`; or, when it does not come back: `kubectl delete node NODE`",
    note: true,
};
const AGENT_BANNED: Trouble = {
    id: "agent-banned",
    symptom:
        "The SPIRE agent of one node ends at every start with `agent is banned`; pods there are blocked.",
    why: "Banning is SPIRE's revocation: the node gets no identities until the ban is lifted.",
    cure: "when the node is to be trusted again: `kubectl -n NAMESPACE exec SERVER-0 -c CONTAINER -- PROGRAM agent evict -spiffeID AGENT`, then `kubectl -n PLACE delete pod --field-selector spec.nodeName=NODE -l SELECTOR` and `pulumi up`",
    note: true,
};
const STALE_AGENT: Trouble = {
    id: "agent-stale",
    symptom:
        "`spire-server agent list` has more agents than there are nodes, after nodes were replaced.",
    why: "An agent whose Node object is gone can attest no more; its record and entries are dead weight.",
    cure: "run `pulumi up`, which evicts it; without a stack, or where someone else runs SPIRE: `kubectl -n NAMESPACE exec SERVER-0 -c CONTAINER -- PROGRAM agent evict -spiffeID AGENT`",
    note: true,
};

const apiServer: Check = {
    id: "api-server",
    name: "API server",
    troubles: [UNFIT],
    run: async ({ cluster, stack }) => {
        if (!stack) {
            const { gitVersion } = await cluster.ask(cluster.version.getCode());
            return { seen: `${cluster.url} answers, Kubernetes ${gitVersion}`, findings: [] };
        }
        try {
            await requireCluster(stack.settings, stack.id);
            return { seen: `${cluster.url} answers`, findings: [] };
        } catch (error) {
            if (error instanceof ClusterUnreachable) throw error;
            const findings = [found(UNFIT, cluster.url, messageOf(error))];
            return { seen: "does not fit", findings };
        }
    },
};

const nodes: Check = {
    id: "nodes",
    name: "nodes without entries",
    troubles: [NODE_EXCLUDED, AGENT_BANNED, STALE_AGENT],
    run: async (patient) => {
        const { namespace, statefulSet, container } = patient.serverRef();
        const place = { NAMESPACE: namespace, SERVER: statefulSet, CONTAINER: container };
        const program = { PROGRAM: SERVER_PROGRAM };
        const agentsRef = patient.agentsRef();
        const [{ excluded }, roster, all, agents] = await Promise.all([
            patient.rollCall(),
            patient.roster(),
            patient.cluster.nodeHeaders(),
            patient.agents(),
        ]);
        const matchLabels = (await patient.agentSet())?.spec?.selector.matchLabels ?? {};
        const labels = Object.entries(matchLabels).map((label) => label.join("="));
        const spiffeId = (uid: string) =>
            agents.find((agent) => agent.spiffeId.endsWith(`/${uid}`))?.spiffeId ?? uid;
        const stale = staleAgents(roster, all, agents);
        const findings = [
            ...excluded.map((exclusion) => {
                const { node, why } = exclusion;
                const trouble = isBanned(exclusion) ? AGENT_BANNED : NODE_EXCLUDED;
                return found(trouble, `Node ${node.name}`, `${node.name}: ${why}`, {
                    ...{ ...place, ...program, NODE: node.name, AGENT: spiffeId(node.uid) },
                    ...{ PLACE: agentsRef.namespace, SELECTOR: labels.join(",") },
                });
            }),
            ...stale.map((agent) =>
                found(STALE_AGENT, agent, "its node is gone", {
                    ...{ ...place, ...program, AGENT: agent },
                }),
            ),
        ];
        return { seen: "none", findings };
    },
};

export const clusterChecks = [apiServer, nodes];
