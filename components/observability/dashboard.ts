/** A dashboard of what the alerts look at, for Grafana: made of typed panels, so that each query can be checked. */
import type { Settings } from "../../settings/schema";
import type { PlainObject } from "./kinds";
import { AUTH_DROP, METRICS } from "./metrics";

/** A graph over time. */
export interface Panel {
    title: string;
    /** What the reader should know of it. */
    description: string;
    /** Grafana's name of the unit. */
    unit: "short" | "s" | "ms" | "bytes" | "ops";
    /** Queries, each with the legend of its series. */
    queries: { expr: string; legend: string }[];
}

/** The interval of rates: ten scrapes at the default. */
const WINDOW = "5m";

const rate = (metric: string, by: string) => `sum by (${by}) (rate(${metric}[${WINDOW}]))`;
/** The slowest hundredth of a call's answers, as SPIRE tells it. */
const slowest = (metric: string) =>
    `max by (host) (${metric}_elapsed_time{quantile="0.99",status="OK"})`;
/** The server's call by which agents get their entries has another name until SPIRE 1.11. */
const ENTRY_CALLS = [METRICS.syncAuthorizedEntries, METRICS.getAuthorizedEntries];

/** By rows of three. SPIRE's series are told apart by their own label `host`, so that it does not matter how they are scraped. */
export const PANELS: Panel[] = [
    {
        title: "Servers and agents",
        description: "Those that answer.",
        unit: "short",
        queries: [
            { expr: `count(${METRICS.serverUptime})`, legend: "servers" },
            { expr: `count(${METRICS.agentUptime})`, legend: "agents" },
        ],
    },
    {
        title: "X.509 CA: time left",
        description:
            "Falls to a sixth of the CA's lifetime, then the next CA signs. Since SPIRE 1.13.3.",
        unit: "s",
        queries: [{ expr: `min by (host) (${METRICS.caExpiration}) - time()`, legend: "{{host}}" }],
    },
    {
        title: "Memory",
        description: "Resident memory of servers and agents.",
        unit: "bytes",
        queries: [
            {
                expr: `${METRICS.memory} and on (instance) ${METRICS.serverUptime}`,
                legend: "server {{instance}}",
            },
            {
                expr: `${METRICS.memory} and on (instance) ${METRICS.agentUptime}`,
                legend: "agent {{instance}}",
            },
        ],
    },
    {
        title: "Attestation",
        description: "Agents that attest, or attest again to renew their SVID, by SPIRE's answer.",
        unit: "ops",
        queries: [{ expr: rate(METRICS.attestAgent, "status"), legend: "{{status}}" }],
    },
    {
        title: "SVIDs signed",
        description: "X.509-SVIDs of agents, workloads and Cilium's identities.",
        unit: "ops",
        queries: [{ expr: rate(METRICS.signX509Svid, "host"), legend: "{{host}}" }],
    },
    {
        title: "SVID rotation: failures",
        description: "Renewals that failed: agents' own SVIDs, those they hold, and the servers'.",
        unit: "ops",
        queries: [
            ["agents", METRICS.nodeAttest],
            ["held by agents", METRICS.fetchSvids],
            ["servers", METRICS.serverSvidRotate],
            ["CA", METRICS.caPrepare],
        ].map(([legend, metric]) => ({
            expr: rate(`${metric!}{status!="OK"}`, "host"),
            legend: `${legend!} {{host}}`,
        })),
    },
    {
        title: "Entries of an agent",
        description:
            "What each agent may use, since SPIRE 1.12, and how many CiliumIdentity objects there are.",
        unit: "short",
        queries: [
            { expr: `max by (host) (${METRICS.agentEntries})`, legend: "{{host}}" },
            { expr: `max(${METRICS.identities}{status="alive"})`, legend: "identities" },
        ],
    },
    {
        title: "Entries written",
        description: "Registration entries created, changed and deleted, by the database's answer.",
        unit: "ops",
        queries: [
            ["created", METRICS.entryCreate],
            ["changed", METRICS.entryUpdate],
            ["deleted", METRICS.entryDelete],
        ].map(([legend, metric]) => ({
            expr: rate(metric!, "status"),
            legend: `${legend!} {{status}}`,
        })),
    },
    {
        title: "Database: failures",
        description: "Reads that failed.",
        unit: "ops",
        queries: [
            ["entries", METRICS.entryList],
            ["nodes", METRICS.nodeFetch],
            ["bundles", METRICS.bundleFetch],
        ].map(([legend, metric]) => ({
            expr: rate(`${metric!}{status!~"OK|NotFound"}`, "host"),
            legend: `${legend!} {{host}}`,
        })),
    },
    {
        title: "Delegate: connections",
        description: "Streams of Cilium's agent at each SPIRE agent: two when all is well.",
        unit: "short",
        queries: [{ expr: `max by (host) (${METRICS.delegateConnections})`, legend: "{{host}}" }],
    },
    {
        title: "Refused",
        description: "Cilium's agents at SPIRE's agents, and its operator at the server.",
        unit: "ops",
        queries: [
            ["delegate", METRICS.delegateSubscribe],
            ["entries read", METRICS.listEntries],
            ["entries created", METRICS.batchCreateEntry],
        ].map(([legend, metric]) => ({
            expr: rate(`${metric!}{status="PermissionDenied"}`, "host"),
            legend: `${legend!} {{host}}`,
        })),
    },
    {
        title: "Packets that wait for authentication",
        description:
            "Dropped by Cilium until the pair is authenticated: the first of each pair always, lasting drops are failures.",
        unit: "ops",
        queries: [
            { expr: rate(`${METRICS.drops}{${AUTH_DROP}}`, "instance"), legend: "{{instance}}" },
        ],
    },
    {
        title: "Latency, 99th percentile",
        description: "The slowest answers to agents, of the last ten seconds.",
        unit: "ms",
        queries: [
            { expr: slowest(METRICS.attestAgent), legend: "attestation {{host}}" },
            { expr: slowest(METRICS.batchNewX509Svid), legend: "SVIDs {{host}}" },
            ...ENTRY_CALLS.map((call) => ({ expr: slowest(call), legend: "entries {{host}}" })),
        ],
    },
    {
        title: "Entries fetched by agents",
        description: "Every few seconds when all is well, by the server's answer.",
        unit: "ops",
        queries: [{ expr: rate(METRICS.fetchEntries, "status"), legend: "{{status}}" }],
    },
];

const WIDTH = 8;
const HEIGHT = 8;

/** Grafana's JSON of the dashboard; whoever looks at it chooses the data source. */
export function dashboard(): object {
    const datasource = { type: "prometheus", uid: "${datasource}" };
    const panels = PANELS.map(({ title, description, unit, queries }, i) => ({
        id: i + 1,
        type: "timeseries",
        title,
        description,
        datasource,
        gridPos: { x: (i % 3) * WIDTH, y: Math.floor(i / 3) * HEIGHT, w: WIDTH, h: HEIGHT },
        fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
        targets: queries.map(({ expr, legend }, j) => ({
            refId: String.fromCharCode(65 + j),
            datasource,
            expr,
            legendFormat: legend,
        })),
    }));
    return {
        uid: "cilium-spire",
        title: "Mutual authentication: SPIRE and Cilium",
        tags: ["spire", "cilium"],
        schemaVersion: 39,
        editable: false,
        refresh: "1m",
        time: { from: "now-6h", to: "now" },
        templating: {
            list: [
                {
                    name: "datasource",
                    label: "Data source",
                    type: "datasource",
                    query: "prometheus",
                },
            ],
        },
        panels,
    };
}

/** The ConfigMap that the sidecar of Grafana's chart finds by its labels. */
export function dashboardObject({ spire, observability }: Settings): PlainObject {
    return {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
            name: "cilium-spire-dashboard",
            namespace: spire.server.namespace,
            labels: observability.dashboardLabels,
        },
        data: { "cilium-spire.json": JSON.stringify(dashboard(), undefined, 1) },
    };
}
