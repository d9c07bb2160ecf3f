/** The dynamic resource `AgentEntries`: the registration entries that Cilium needs, for all agents of a cluster. */
import { agentSpiffeId } from "../spire/agents";
import type { Entry } from "../spire/entry";
import { entrySetResource } from "./resource";
import type { EntrySetArgs } from "./inputs";
import { type OperatorRef, operatorNodes, restartOperator } from "./operator";
import { operatorEntryKeys, parentLinkSpiffeId, planAgentEntries, type PlanSettings } from "./plan";

/** What the program asks for. */
export interface AgentEntriesArgs extends EntrySetArgs, PlanSettings {
    operatorDeployment: OperatorRef;
}

/** True for what cilium-operator writes for each of Cilium's identities (operator/auth/spire/client.go). */
function isCiliumIdentity({ spiffeId, parentId, selectors }: Entry, link: string): boolean {
    const hasSelector = selectors.length === 1 && selectors[0] === "cilium:mutual-auth";
    return parentId === link && hasSelector && /^spiffe:\/\/[^/]+\/identity\/\d+$/.test(spiffeId);
}

/** The resource's methods. */
export const agentEntries = entrySetResource<AgentEntriesArgs>({
    plan(args, nodes) {
        const entries = planAgentEntries(args, nodes);
        // With an alias a new node changes nothing, and must not show as a difference.
        if (args.registration === "nodeAlias") return { entries };
        const { trustDomain, clusterName } = args;
        const agents = nodes.map(({ name, uid }): [string, string] => [
            name,
            agentSpiffeId(trustDomain, clusterName, uid),
        ]);
        return { agents: Object.fromEntries(agents.sort()), entries };
    },

    evictsStaleAgents: true,

    orphans({ trustDomain }, others) {
        const link = parentLinkSpiffeId(trustDomain);
        // Somebody else's agents have a link of their own, and with it the identities.
        if (others.some(({ spiffeId }) => spiffeId === link)) return [];
        return others.filter((entry) => isCiliumIdentity(entry, link));
    },

    /** Makes the operator retry at once when what its identity hangs on was not there before. */
    async afterWrite(cluster, { operatorDeployment }, planned, written) {
        const nodes = await operatorNodes(cluster, operatorDeployment);
        const keys = nodes.flatMap(operatorEntryKeys);
        if (keys.some((key) => planned[key] && written.has(planned[key].id))) {
            await restartOperator(cluster, operatorDeployment);
        }
    },
});
