/** Failures that only logs tell of, in the words of Cilium and SPIRE. All are notes: a log may be of a moment ago. */
import type { V1Pod } from "@cilium-spire/entries-provider";
import { AGENT_NAME, CILIUM } from "../../components/names";
import type { Patient } from "../patient";
import { type Check, type Finding, found, type Trouble } from "./check";
import { recentLines, shortened } from "./podLog";

/** Longer than any of them pauses between two attempts (10 s), short enough to forget how the cluster began. */
const SINCE_SECONDS = 30;
/** Pods whose logs are read, of each kind. */
const MOST_PODS = 20;

/** A trouble by the words it is logged in. */
interface Known {
    trouble: Trouble;
    words: RegExp;
}

const note = true as const;

/** Of Cilium's agents (cilium pkg/auth, 1.15 to 1.20). */
const AGENT: Known[] = [
    {
        words: /caller not configured as an authorized delegate/,
        trouble: {
            ...{ id: "log-delegate-refused", note },
            symptom: "Cilium's agents log `caller not configured as an authorized delegate`.",
            why: "SPIRE's agent knows Cilium's by another SPIFFE ID than `authorized_delegates` names.",
            cure: "run `pulumi up --refresh`, then `kubectl -n NAMESPACE rollout restart daemonset/cilium`",
        },
    },
    {
        words: /no identity issued/,
        trouble: {
            ...{ id: "log-no-identity", note },
            symptom: "Cilium's agents log `no identity issued`.",
            why: "No entry matches Cilium's agent on that node, or the pod could not be attested (an old kernel's cgroups, no access to the kubelet).",
            cure: "run `pulumi up`; when entries are complete, see what the node's SPIRE agent logs of attestation",
        },
    },
    {
        words: /SPIRE admin socket .*does not exist|failed to init watcher/,
        trouble: {
            ...{ id: "log-no-admin-socket", note },
            symptom: "Cilium's agents log `SPIRE admin socket (...) does not exist`.",
            why: "The node has no SPIRE agent, or it has its socket somewhere else.",
            cure: "see the checks of agents and sockets; `kubectl -n NAMESPACE delete pod POD` when the directory was made anew",
        },
    },
    {
        words: /Failed to authenticate request.*(i\/o timeout|connection refused|no route)/i,
        trouble: {
            ...{ id: "log-handshake-unreachable", note },
            symptom:
                "Cilium's agents log `Failed to authenticate request` with `i/o timeout` or `connection refused`.",
            why: "The agent of the other node cannot be reached at the port of handshakes; on nodes with two addresses it may be the other one (cilium#46720).",
            cure: "open the port between all addresses of all nodes",
        },
    },
    {
        words: /Failed to authenticate request.*no SPIFFE ID for/i,
        trouble: {
            ...{ id: "log-no-svid", note },
            symptom:
                "Cilium's agents log `Failed to authenticate request` with `no SPIFFE ID for ...`.",
            why: "The pod's identity has no entry yet, or its SVID has not reached the node.",
            cure: "wait 20 seconds; when it stays so: `kubectl -n NAMESPACE delete pod -l io.cilium/app=operator`",
        },
    },
    {
        words: /Failed to authenticate request.*(certificate has expired|unknown authority|x509: )/i,
        trouble: {
            ...{ id: "log-bad-certificate", note },
            symptom: "Cilium's agents log `Failed to authenticate request` with `x509: ...`.",
            why: "The peers' SVIDs are expired, or of another CA: the nodes' clocks, or a server with new keys.",
            cure: "compare the nodes' clocks; restart SPIRE's agents that have an old bundle",
        },
    },
];

/** Of cilium-operator (cilium operator/auth/spire). */
const OPERATOR: Known[] = [
    {
        words: /PermissionDenied/,
        trouble: {
            ...{ id: "log-operator-refused", note },
            symptom: "cilium-operator logs `PermissionDenied`.",
            why: "The identity that the operator has is not admin on the SPIRE server.",
            cure: "see the check of the operator's identity; then `kubectl -n NAMESPACE delete pod -l io.cilium/app=operator`",
        },
    },
    {
        words: /Unable to connect to SPIRE server|unable to connect to SPIRE server|failed to create X509 source/,
        trouble: {
            ...{ id: "log-operator-unconnected", note },
            symptom: "cilium-operator logs `Unable to connect to SPIRE server`.",
            why: "It has no SVID of its own, or does not reach the server.",
            cure: "see the checks of the server, its address and the operator's identity",
        },
    },
];

/** Of SPIRE's agents and servers. */
const SPIRE: Known[] = [
    {
        words: /is not an allowed service account|not an allowed/,
        trouble: {
            ...{ id: "log-attestation-refused", note },
            symptom:
                "SPIRE's agents log `is not an allowed service account`, and never become Ready.",
            why: "`service_account_allow_list` of the server has another namespace or name for the agents.",
            cure: "run `pulumi up --refresh`",
        },
    },
    {
        words: /datastore-sql|database is locked|failed to connect to .*(postgres|5432)/i,
        trouble: {
            ...{ id: "log-datastore", note },
            symptom: "The SPIRE server logs errors of its datastore.",
            why: "What the database does not take is not registered, and what it does not give is not signed.",
            cure: "see the database: its address, password, disk and connections; `kubectl -n NAMESPACE logs POD`",
        },
    },
    {
        words: /failed to create server-side TLS|authority.*unknown|unknown authority/i,
        trouble: {
            ...{ id: "log-unknown-authority", note },
            symptom: "SPIRE's agents log `certificate signed by unknown authority`.",
            why: "The server has another CA than the agent's bundle: its keys or its database were lost.",
            cure: "`kubectl -n NAMESPACE delete pod POD`, which starts with the published bundle",
        },
    },
];

const logs: Check = {
    id: "logs",
    name: "logs",
    troubles: [...AGENT, ...OPERATOR, ...SPIRE].map(({ trouble }) => trouble),
    extra: true,
    run: async (patient) => {
        const { site } = patient;
        const [ciliums, operators, servers, agents] = await Promise.all([
            patient.ciliumPods(),
            patient.operatorPods(),
            site.server ? patient.serverPods() : [],
            site.agents ? patient.agentPods() : [],
        ]);
        const looks = [
            ...looksAt(ciliums, CILIUM.agentContainer, AGENT),
            ...looksAt(operators, CILIUM.operatorContainer, OPERATOR),
            ...looksAt(servers, site.server?.container ?? "", SPIRE),
            ...looksAt(agents, AGENT_NAME, SPIRE),
        ];
        const findings = await Promise.all(
            looks.map(
                async ({ pod, container, known }) => await read(patient, pod, container, known),
            ),
        );
        return { seen: `${looks.length} tell of no known failure`, findings: findings.flat() };
    },
};

function looksAt(pods: V1Pod[], container: string, known: Known[]) {
    // Others have no log to be read.
    const running = pods.filter(({ status }) =>
        status?.containerStatuses?.some((c) => c.name === container && c.state?.running),
    );
    return running.slice(0, MOST_PODS).map((pod) => ({ pod, container, known }));
}

/** What a pod's log tells of, each trouble once and by its last line. */
async function read(
    { cluster }: Patient,
    pod: V1Pod,
    container: string,
    known: Known[],
): Promise<Finding[]> {
    const lines = await recentLines(cluster, pod, container, SINCE_SECONDS);
    const { name: POD, namespace: NAMESPACE } = pod.metadata as { name: string; namespace: string };
    return known.flatMap(({ trouble, words }) => {
        const line = lines
            .filter((text) => /warn|error|fatal|upsert/i.test(text))
            .findLast((text) => words.test(text));
        if (line === undefined) return [];
        return [found(trouble, `Pod ${NAMESPACE}/${POD}`, shortened(line), { NAMESPACE, POD })];
    });
}

export const logChecks = [logs];
