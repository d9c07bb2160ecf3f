/** Alerts of what joins Cilium and SPIRE. None of them is of use where Cilium authenticates nobody. */
import { type Alert, any, gauge, HOUR, increase, lasting, MINUTE, severalScrapes } from "./alert";
import { AUTH_DROP, METRICS } from "./metrics";

/** The most that Kubernetes supports on a node: each pod there may have an entry that another registrar made. */
const PODS_OF_A_NODE = 110;
/** The operator's first tries follow each other soon; each identity's delay doubles up to 1000 s. */
const OPERATOR_WINDOW = 20 * MINUTE;
/** Packets a second of one node. The first packet of every pair waits, and its sender sends it again until it passes. */
const DROPS = 1;

/** CiliumIdentity objects; no number, with which nothing compares, where the operator is not scraped. */
function identitiesIn(cilium: string): string {
    return `scalar(max(${METRICS.identities}{${cilium},status="alive"}))`;
}

export const ciliumAlerts: Alert[] = [
    {
        name: "SPIREDelegateRefused",
        severity: "critical",
        summary: "The SPIRE agent on {{ $labels.node }} refuses Cilium's agent",
        description:
            "Cilium's agent gets no SVIDs of pods, so nobody on this node can be authenticated. Cilium's own status says that all is well.",
        condition: "The agent has answered Cilium's agent with PermissionDenied, again and again.",
        when: "with `mutualAuth`",
        rule: ({ agent, mutualAuth, interval }) => {
            const refused = `${agent},status="PermissionDenied"`;
            const window = severalScrapes(interval);
            const expr = `${increase(METRICS.delegateSubscribe, refused, window)} > 0`;
            return mutualAuth ? { expr, forSeconds: lasting(window) } : undefined;
        },
        steps: [
            "`npx cilium-spire doctor STACK` says whether the node has the delegate's entry. A node that joined since the last `up` has none with `registration.strategy: perAgent`: run `pulumi up`.",
            "`no identity issued` in the agent's log: no entry fits Cilium's agent. `caller not configured as an authorized delegate`: one fits, with another SPIFFE ID than the configuration of the agent allows.",
            "Selectors are empty in the agent's log: it cannot read the pod from the kubelet; see `spire.agent.kubelet`.",
        ],
    },
    {
        name: "SPIREDelegateMissing",
        severity: "critical",
        summary: "Cilium's agent on {{ $labels.node }} is not connected to the SPIRE agent",
        description:
            "SVIDs that Cilium's agent holds expire without a next one; after that, nobody on this node can be authenticated.",
        condition: "An agent runs, and nobody is connected to its admin socket.",
        when: "with `mutualAuth`",
        rule: ({ agent, mutualAuth }) => {
            const connections = gauge(METRICS.delegateConnections, agent);
            const expr = any([
                `${connections} == 0`,
                `${gauge(METRICS.agentUptime, agent)} unless ${connections}`,
            ]);
            return mutualAuth ? { expr, forSeconds: 10 * MINUTE } : undefined;
        },
        steps: [
            "See whether Cilium's agent runs on the node: `kubectl -n kube-system get pods -l k8s-app=cilium -o wide`.",
            "`SPIRE admin socket does not exist` in its log: the two pods mean different directories of the node; compare `spire.sockets.admin` with `mesh-auth-spire-admin-socket` in the ConfigMap `cilium-config`.",
        ],
    },
    {
        name: "SPIRENodeWithoutEntries",
        severity: "critical",
        summary: "The SPIRE agent on {{ $labels.node }} may use {{ $value }} entries only",
        description:
            "Pods on this node have no identities, and those that require them are blocked.",
        condition:
            "An agent has no entry at all, or less than half as many as there are CiliumIdentity objects.",
        when: "with `mutualAuth`, and agents of SPIRE 1.12 or newer, which count their entries",
        rule: ({ agent, cilium, mutualAuth, syncedEntries }) => {
            const entries = gauge(METRICS.agentEntries, agent);
            const expr = any([`${entries} == 0`, `${entries} < 0.5 * ${identitiesIn(cilium)}`]);
            return mutualAuth && syncedEntries ? { expr, forSeconds: 15 * MINUTE } : undefined;
        },
        steps: [
            "One node: it joined since the last `up`, or its Node object was made anew. Run `pulumi up`; where nodes come and go by themselves, use `registration.strategy: nodeAlias`.",
            "All nodes: cilium-operator writes no identities; see [SPIREOperatorRefused](#spireoperatorrefused).",
        ],
    },
    {
        name: "SPIREOperatorRefused",
        severity: "critical",
        summary: "{{ $labels.pod }} refuses who wants to read or write entries",
        description:
            "That is cilium-operator without its admin identity, so that new pods get no identities; or a stranger with an SVID of the trust domain.",
        condition:
            "The server has answered to reading or creating entries with PermissionDenied, again and again.",
        when: "with `mutualAuth`",
        rule: ({ server, mutualAuth }) => {
            const refused = `${server},status="PermissionDenied"`;
            const calls = [METRICS.listEntries, METRICS.batchCreateEntry];
            const expr = any(
                calls.map((call) => `${increase(call, refused, OPERATOR_WINDOW)} > 0`),
            );
            return mutualAuth ? { expr, forSeconds: lasting(OPERATOR_WINDOW) } : undefined;
        },
        steps: [
            "Who it is: `kubectl -n NAMESPACE logs POD | grep PermissionDenied`, which names the caller when the server keeps an audit log.",
            "The operator: `npx cilium-spire doctor STACK` looks at its entry. `registration.operatorNodeLabels` must fit the nodes where it runs, and no second entry may fit its pods.",
            "Afterwards delete its pods: its delay between tries has doubled up to a quarter of an hour.",
        ],
    },
    {
        name: "SPIREStaleEntries",
        severity: "warning",
        summary: "SPIRE agents have {{ $value }} entries, many more than there are identities",
        description:
            "Entries of identities that no longer exist are never used, but every agent signs and keeps an SVID for each, and Cilium's agents take at most 20 MiB of them.",
        condition: `An agent has over half as many entries more than there are CiliumIdentity objects, beyond those of this stack and ${PODS_OF_A_NODE} for another registrar's pods on a node.`,
        when: "with `mutualAuth`, and agents of SPIRE 1.12 or newer, which count their entries",
        rule: ({ agent, cilium, mutualAuth, syncedEntries, otherEntries }) => {
            const most = `${PODS_OF_A_NODE + otherEntries} + 1.5 * ${identitiesIn(cilium)}`;
            const expr = `max(${METRICS.agentEntries}{${agent}}) > ${most}`;
            return mutualAuth && syncedEntries ? { expr, forSeconds: HOUR } : undefined;
        },
        steps: [
            "Cilium's operator deletes an identity's entry when it deletes the identity; what was deleted while the operator did not run stays.",
            "List them: those of `spire-server entry show -selector cilium:mutual-auth` whose number no `kubectl get ciliumidentities` has. Delete them with `spire-server entry delete -entryID ID`.",
        ],
    },
    {
        name: "CiliumAuthenticationFailing",
        severity: "warning",
        summary: "On {{ $labels.node }}, {{ $value }} packets a second wait for an authentication",
        description:
            "Connections that policies allow when authenticated are not. The first packet of a pair is always dropped; here they go on being dropped.",
        condition: `Cilium drops more than ${DROPS} packet a second for want of authentication, for a quarter of an hour.`,
        when: "with `mutualAuth`",
        rule: ({ cilium, mutualAuth }) => {
            const expr = `sum by (pod, node) (rate(${METRICS.drops}{${cilium},${AUTH_DROP}}[5m])) > ${DROPS}`;
            return mutualAuth ? { expr, forSeconds: 15 * MINUTE } : undefined;
        },
        steps: [
            "`npx cilium-spire prove STACK` shows whether authentication works at all.",
            "`Failed to authenticate request` in the log of Cilium's agent on the node says with whom and why: `no SPIFFE ID for ...` is an identity without entry; a time-out is port 4250, which must be open between all nodes.",
            "A client that cannot be authenticated by its nature (a host, the API server, the world) and tries again and again: its rule should not require it.",
        ],
    },
];
