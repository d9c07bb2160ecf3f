/** Every fault, as what it changes in a healthy cluster. */
import { AUTH_DROP, METRICS } from "../../../components/observability/metrics";
import { SAMPLE, START } from "../../support/vmalert";
import {
    agent,
    cilium,
    FAULT_AT,
    flat,
    gone,
    grows,
    MINUTES,
    P99,
    PER_MINUTE,
    server,
    status,
} from "./states";

/** A series that is well until the fault begins. */
const then = (before: string, after: string) =>
    `${before.replace(/x\d+$/, `x${FAULT_AT * PER_MINUTE}`)} ${after}`;
const failing = then(flat(0), grows(1, 2));

export interface Fault {
    /** What differs from `steady`; undefined for a series that is gone from then on. */
    changes: Record<string, string | undefined>;
    /** Labels of the alert besides its name and severity, and its summary. */
    alert: { labels: Record<string, string>; summary: string };
    /** Replicas of the server. @default 1 */
    replicas?: number;
}

const ofServer = { pod: "spire-server-0", node: "n0" };
const ofAgent = { pod: "agent-a", node: "a" };

/** By the alert that sees it; several where it has several ways to see it. */
export const FAULTS: Record<string, Fault[]> = {
    SPIREServerDown: [
        {
            changes: { [server(METRICS.serverUptime)]: then(grows(1e6, 3e4), "stale") },
            alert: {
                labels: { job: "spire-server", namespace: "spire-system" },
                summary: "No SPIRE server can be scraped",
            },
        },
    ],
    SPIREServerReplicaDown: [
        {
            replicas: 3,
            changes: { [server(METRICS.serverUptime)]: then(grows(1e6, 3e4), "stale") },
            alert: { labels: {}, summary: "Fewer SPIRE servers than wanted answer" },
        },
    ],
    SPIRERegistrationErrors: [
        // Once, and never again.
        {
            changes: {
                [server(METRICS.entryCreate, status("Internal"))]: `${gone(80)} ${flat(1)}`,
            },
            alert: {
                labels: ofServer,
                summary: "spire-server-0 could not write registration entries",
            },
        },
        {
            changes: { [server(METRICS.entryDelete, status("Internal"))]: failing },
            alert: {
                labels: ofServer,
                summary: "spire-server-0 could not write registration entries",
            },
        },
    ],
    SPIREDatastoreErrors: [METRICS.entryList, METRICS.nodeFetch, METRICS.bundleFetch].map(
        (metric) => ({
            changes: { [server(metric, status("Unavailable"))]: failing },
            alert: { labels: ofServer, summary: "spire-server-0 cannot read its database" },
        }),
    ),
    SPIRETrustBundleExpiringSoon: [
        {
            changes: { [server(METRICS.caExpiration)]: flat(START + MINUTES * 60 + 7200) },
            alert: {
                labels: ofServer,
                summary:
                    "The X.509 CA of spire-server-0 expires in 2h 0m 0s, and no next one signs",
            },
        },
    ],
    SPIREAPILatencyHigh: [METRICS.attestAgent, METRICS.batchNewX509Svid].map((metric) => ({
        changes: { [server(`${metric}_elapsed_time`, P99)]: then(flat(20), flat(700)) },
        alert: { labels: ofServer, summary: "spire-server-0 answers agents slowly: 700 ms" },
    })),
    SPIREAgentUnhealthy: [
        {
            changes: {
                [agent(METRICS.up)]: then(flat(1), flat(0)),
                [agent(METRICS.agentUptime)]: then(grows(1e6, 3e4), "stale"),
            },
            alert: {
                labels: ofAgent,
                summary: "The SPIRE agent agent-a on a does not work",
            },
        },
        // It runs, and does not get through.
        {
            changes: { [agent(METRICS.fetchEntries, status("OK"))]: then(grows(40, 6), flat(160)) },
            alert: {
                labels: ofAgent,
                summary: "The SPIRE agent agent-a on a does not work",
            },
        },
        // It never got through.
        {
            changes: { [agent(METRICS.fetchEntries, status("OK"))]: undefined },
            alert: {
                labels: ofAgent,
                summary: "The SPIRE agent agent-a on a does not work",
            },
        },
    ],
    SPIRERotationFailure: [
        ...[METRICS.nodeAttest, METRICS.fetchSvids].map((metric) => ({
            changes: {
                [agent(metric, status("Unavailable"))]: failing,
                [agent(metric, status("OK"))]: then(grows(1, 1), flat(21)),
            },
            alert: { labels: ofAgent, summary: "agent-a cannot renew what it must" },
        })),
        ...[METRICS.caPrepare, METRICS.serverSvidRotate].map((metric) => ({
            changes: { [server(metric, status("Internal"))]: failing },
            alert: { labels: ofServer, summary: "spire-server-0 cannot renew what it must" },
        })),
    ],
    SPIREHighMemoryUsage: [
        {
            changes: { [server(METRICS.memory)]: then(flat(1e8), flat(500 * 2 ** 20)) },
            alert: {
                labels: ofServer,
                summary: "spire-server-0 uses 500MiB of memory, near its limit",
            },
        },
        {
            changes: { [agent(METRICS.memory)]: then(flat(1e8), flat(250 * 2 ** 20)) },
            alert: {
                labels: ofAgent,
                summary: "agent-a uses 250MiB of memory, near its limit",
            },
        },
    ],
    SPIREDelegateRefused: [
        {
            changes: { [agent(METRICS.delegateSubscribe, status("PermissionDenied"))]: failing },
            alert: { labels: ofAgent, summary: "The SPIRE agent on a refuses Cilium's agent" },
        },
    ],
    SPIREDelegateMissing: [then(flat(2), flat(0)), undefined].map((connections) => ({
        changes: { [agent(METRICS.delegateConnections)]: connections },
        alert: {
            labels: ofAgent,
            summary: "Cilium's agent on a is not connected to the SPIRE agent",
        },
    })),
    SPIRENodeWithoutEntries: [0, 3].map((entries) => ({
        changes: { [agent(METRICS.agentEntries)]: then(flat(40), flat(entries)) },
        alert: {
            labels: ofAgent,
            summary: `The SPIRE agent on a may use ${entries} entries only`,
        },
    })),
    SPIREOperatorRefused: [METRICS.listEntries, METRICS.batchCreateEntry].map((metric) => ({
        changes: {
            [server(metric, status("PermissionDenied"))]: failing,
            [server(metric, status("OK"))]: flat(9),
        },
        alert: {
            labels: ofServer,
            summary: "spire-server-0 refuses who wants to read or write entries",
        },
    })),
    SPIREStaleEntries: [
        {
            changes: { [agent(METRICS.agentEntries)]: then(flat(40), flat(400)) },
            alert: {
                labels: {},
                summary: "SPIRE agents have 400 entries, many more than there are identities",
            },
        },
    ],
    CiliumAuthenticationFailing: [
        {
            changes: {
                [cilium(METRICS.drops, `${AUTH_DROP},direction="INGRESS"`)]: then(
                    grows(5, 0.2),
                    grows(10, 5 * SAMPLE),
                ),
            },
            alert: {
                labels: { pod: "cilium-a", node: "a" },
                summary: "On a, 5 packets a second wait for an authentication",
            },
        },
    ],
};
