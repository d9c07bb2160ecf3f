/** What an alert is, and what its rule may depend on. */
import type { OperatedSettings } from "../../settings/observability";
import { durationSeconds, quantityValue } from "../../settings/amounts";
import type { InstallStack } from "../../settings/schema";
import { supports } from "../../versions/spire";
import { AGENT_NAME, SERVER_NAME } from "../names";

/** An alert as this program has it: its rule follows from the stack, its runbook is a section of docs/alerts.md. */
export interface Alert {
    name: string;
    severity: "critical" | "warning";
    /** One line, with the labels of the series. */
    summary: string;
    /** What happens to the cluster meanwhile. */
    description: string;
    /** Undefined for a stack in which it could never fire. */
    rule: (stack: AlertFacts) => Rule | undefined;
    /** In words, when a stack has the rule; always when absent. */
    when?: string;
    /** What the rule looks at, in words. */
    condition: string;
    /** What to do, step by step, in Markdown. */
    steps: string[];
}

export interface Rule {
    expr: string;
    /** How long it must be so, in seconds. */
    forSeconds: number;
}

/** What rules are computed from. */
export interface AlertFacts {
    /** Label matchers of the targets, as the monitors name them. */
    server: string;
    agent: string;
    cilium: string;
    mutualAuth: boolean;
    replicas: number;
    /** Bytes; undefined without a limit. */
    memoryLimits: { server: number | undefined; agent: number | undefined };
    /** Seconds. */
    caTtl: number;
    /** The CA may live shorter than asked for: its lifetime is the upstream authority's decision. */
    upstreamAuthority: boolean;
    /** Seconds: the shortest lifetime of what is renewed. */
    svidTtl: number;
    /** Entries that an agent may have without any identity of Cilium's. */
    otherEntries: number;
    /** Seconds from one scrape to the next. */
    interval: number;
    /** The server tells when its CA expires. */
    caExpirationMetric: boolean;
    /** Agents count their entries. */
    syncedEntries: boolean;
}

/** Entries under an agent besides those of Cilium's identities: link, delegate and operator. */
const JOINING_ENTRIES = 3;

export function alertFacts(settings: InstallStack, { interval }: OperatedSettings): AlertFacts {
    const { spire, cilium, mutualAuth, workloads } = settings;
    const { server, agent } = spire;
    const target = (job: string, namespace: string) => `job="${job}",namespace="${namespace}"`;
    const bytes = (limit?: string) => (limit === undefined ? undefined : quantityValue(limit));
    const svidTtl = durationSeconds(server.x509SvidTtl);
    return {
        server: target(SERVER_NAME, server.namespace),
        agent: target(AGENT_NAME, agent.namespace),
        cilium: `namespace="${cilium.namespace}"`,
        mutualAuth,
        replicas: server.replicas,
        memoryLimits: {
            server: bytes(server.resources.limits.memory),
            agent: bytes(agent.resources.limits.memory),
        },
        caTtl: durationSeconds(server.caTtl),
        upstreamAuthority: server.upstreamAuthority !== undefined,
        svidTtl: Math.min(svidTtl, durationSeconds(server.agentTtl ?? server.x509SvidTtl)),
        otherEntries: JOINING_ENTRIES + Object.keys(workloads).length,
        interval: durationSeconds(interval),
        caExpirationMetric: supports(spire.version, "caExpirationMetric"),
        syncedEntries: supports(agent.version ?? spire.version, "syncedEntries"),
    };
}

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Seconds that have several samples in them, for what is counted all the time. */
export function severalScrapes(interval: number): number {
    return 4 * interval;
}

/**
 * How long growth within a window must be seen, in seconds, until it means more than a disturbance: one that is over
 * within five minutes is seen no longer than that.
 */
export function lasting(window: number): number {
    return window + 5 * MINUTE;
}

/** How much a counter grew on each pod, for those label matchers. */
export function increase(metric: string, labels: string, seconds: number): string {
    return `sum by (pod, node) (increase(${metric}{${labels}}[${seconds}s]))`;
}

/** The pods on which a counter appeared, with its first event. */
export function born(metric: string, labels: string, seconds: number): string {
    const series = `${metric}{${labels}}`;
    return `sum by (pod, node) (${series} unless ${series} offset ${seconds}s)`;
}

/** A gauge of each pod. */
export function gauge(metric: string, labels: string): string {
    return `max by (pod, node) (${metric}{${labels}})`;
}

export function any(exprs: string[]): string {
    return exprs.join("\nor\n");
}
