/** Alerts of the SPIRE agents, and of what agents and servers have alike. */
import {
    type Alert,
    type AlertFacts,
    any,
    born,
    gauge,
    increase,
    MINUTE,
    severalScrapes,
} from "./alert";
import { METRICS } from "./metrics";

/** Agents ask for changes every few seconds, and every four minutes at least while that fails (pkg/agent/manager). */
const SYNC_WINDOW = 10 * MINUTE;
const MEMORY_SHARE = 0.8;
const LONGEST_RENEWAL = 15 * MINUTE;

export const agentAlerts: Alert[] = [
    {
        name: "SPIREAgentUnhealthy",
        severity: "critical",
        summary: "The SPIRE agent {{ $labels.pod }} on {{ $labels.node }} does not work",
        description:
            "Pods on this node get no new identities; those that they have expire. Cilium's agent on the node can authenticate nobody after that.",
        condition:
            "An agent cannot be scraped, or has not got its entries from the server for ten minutes.",
        rule: ({ agent }) => {
            const synced = increase(METRICS.fetchEntries, `${agent},status="OK"`, SYNC_WINDOW);
            return {
                expr: any([
                    `${gauge(METRICS.up, agent)} == 0`,
                    `${gauge(METRICS.agentUptime, agent)} unless ${synced} > 0`,
                ]),
                forSeconds: 5 * MINUTE,
            };
        },
        steps: [
            "When all agents are named, look at the server first: [SPIREServerDown](#spireserverdown).",
            "See the pod: `kubectl -n NAMESPACE get pod POD -o wide`, and read its log.",
            "`failed to attest`: the server refuses the token of the pod; ServiceAccount, namespace and `clusterName` must be those of the server's configuration. `certificate signed by unknown authority`: it does not know the server's CA; delete the pod, which then fetches the trust bundle.",
        ],
    },
    {
        name: "SPIRERotationFailure",
        severity: "critical",
        summary: "{{ $labels.pod }} cannot renew what it must",
        description:
            "An agent fails to renew its own SVID or those of its workloads, or a server its own or its CA, and no try has succeeded since. SVIDs are renewed at half their life: the other half is the time that is left.",
        condition:
            "Failures without a success, for a quarter of the shortest SVID's lifetime, and at most 15 minutes.",
        rule: ({ server, agent, ...stack }) => {
            const window = renewalWindow(stack);
            const renewals: [metric: string, target: string][] = [
                [METRICS.nodeAttest, agent],
                [METRICS.fetchSvids, agent],
                [METRICS.serverSvidRotate, server],
                [METRICS.caPrepare, server],
            ];
            const failing = renewals.map(([metric, target]) => {
                const failed = increase(metric, `${target},status!="OK"`, window);
                const ok = `${target},status="OK"`;
                // The first success gives the series its first value, which is no increase.
                return `((${failed} > 0 unless ${increase(metric, ok, window)} > 0) unless ${born(metric, ok, window)})`;
            });
            return { expr: any(failing), forSeconds: Math.floor(window / 3) };
        },
        steps: [
            "Read the reason in the log of the pod.",
            "An agent: `AGENT_NOT_ACTIVE` or `banned` is another agent with the identity of the same node; a refused token is a ServiceAccount that the server does not allow.",
            "A server: an `upstreamAuthority` that does not answer, a database that takes no writes, a full volume.",
        ],
    },
    {
        name: "SPIREHighMemoryUsage",
        severity: "warning",
        summary: "{{ $labels.pod }} uses {{ $value | humanize1024 }}B of memory, near its limit",
        description:
            "At the limit the kernel ends the process. Agents keep the SVIDs of every identity in memory, servers all entries.",
        condition: "A server or an agent uses more than four fifths of its memory limit.",
        when: "for those with a memory limit",
        rule: ({ server, agent, memoryLimits }) => {
            const near = (target: string, limit?: number) =>
                limit === undefined
                    ? []
                    : [`${gauge(METRICS.memory, target)} > ${Math.floor(MEMORY_SHARE * limit)}`];
            const exprs = [
                ...near(server, memoryLimits.server),
                ...near(agent, memoryLimits.agent),
            ];
            return exprs.length > 0 ? { expr: any(exprs), forSeconds: 10 * MINUTE } : undefined;
        },
        steps: [
            "Raise `spire.server.resources.limits.memory` or `spire.agent.resources.limits.memory`.",
            "When it grows without new pods or entries, compare with the number of entries in the dashboard: see [SPIREStaleEntries](#spirestaleentries).",
        ],
    },
];

/** Seconds in which a renewal that failed must have succeeded: well before the other half of an SVID's life is over. */
function renewalWindow({ svidTtl, interval }: Omit<AlertFacts, "server" | "agent">): number {
    return Math.max(severalScrapes(interval), Math.min(LONGEST_RENEWAL, Math.floor(svidTtl / 4)));
}
