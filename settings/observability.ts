/** Settings of metrics, alerts and dashboard. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { duration, durationSeconds } from "./amounts";
import { httpsUrl, labelKey, labelValue, lacking, variants } from "./words";

const labels = z.record(labelKey, labelValue);

/** Whoever reads the metrics. */
const common = {
    dashboard: z
        .boolean()
        .default(false)
        .describe("A ConfigMap with a dashboard, for the sidecar of Grafana's chart."),
    dashboardLabels: labels
        .default({ grafana_dashboard: "1" })
        .describe("Labels of that ConfigMap: those that the sidecar looks for."),
    allowedNamespaces: labels
        .refine(
            (wanted) => Object.keys(wanted).length > 0,
            "is empty, which would let everyone in; name labels of namespaces, or leave it out",
        )
        .optional()
        .describe(
            "Labels of the namespaces whose pods may read SPIRE's metrics. NetworkPolicies then keep all other pods from the ports of metrics and health checks, except from those of agents on the node's network, which no NetworkPolicy reaches. No NetworkPolicies when absent.",
        ),
};

/** Whoever scrapes, Cilium's metrics are asked for in one place. */
const scraped = {
    cilium: z
        .boolean()
        .default(true)
        .describe(
            "Scrape Cilium's agents and operators too. An installed Cilium gets its metrics switched on, for which its agents restart; an adopted one must have them on. `false` where something else scrapes them.",
        ),
};

/** Seconds. */
const LONGEST_INTERVAL = 120;

/** With an operator that knows monitors and rules. */
const operated = {
    ...scraped,
    interval: duration
        .refine(
            (text) => durationSeconds(text) <= LONGEST_INTERVAL,
            `must be ${LONGEST_INTERVAL}s or less: alerts and dashboard look at five minutes, in which a rate needs several samples`,
        )
        .default("30s")
        .describe("How often metrics are scraped; 2m at most, as alerts look at five minutes."),
    labels: labels
        .default({})
        .describe("Labels of monitors and rules: those that the operator's selectors ask for."),
    alerts: z
        .boolean()
        .default(false)
        .describe(
            "Rules for all alerts of docs/alerts.md: a PrometheusRule or a VMRule. Their thresholds follow from the stack's lifetimes and limits.",
        ),
    runbooks: httpsUrl
        .optional()
        .describe(
            "URL at which your copy of docs/alerts.md can be read, for the links in alerts. Its path in this repository when absent.",
        ),
};

const NO_OPERATOR =
    'needs an operator that knows monitors and rules; set observability.scrape to "podMonitor" or "vmPodScrape", or remove it';

export const observabilitySettings = variants("scrape", [
    z.strictObject(
        {
            scrape: z
                .literal("none")
                .default("none")
                .describe("Nobody is told of the metrics, which SPIRE serves all the same."),
            ...common,
        },
        lacking(NO_OPERATOR),
    ),
    z.strictObject(
        {
            scrape: z
                .literal("annotations")
                .describe(
                    "The pods' annotations `prometheus.io/scrape`, `port` and `path`, for a Prometheus that looks for them.",
                ),
            ...scraped,
            ...common,
        },
        lacking(NO_OPERATOR),
    ),
    z.strictObject({
        scrape: z
            .literal("podMonitor")
            .describe("PodMonitors of prometheus-operator (`monitoring.coreos.com/v1`)."),
        ...operated,
        ...common,
    }),
    z.strictObject({
        scrape: z
            .literal("vmPodScrape")
            .describe(
                "VMPodScrapes of VictoriaMetrics' operator (`operator.victoriametrics.com/v1beta1`).",
            ),
        ...operated,
        ...common,
    }),
]).prefault({});

export type ObservabilitySettings = z.output<typeof observabilitySettings>;

/** With an operator. */
export type OperatedSettings = Extract<
    ObservabilitySettings,
    { scrape: "podMonitor" | "vmPodScrape" }
>;

/** Whether metrics are scraped by an operator's objects. */
export function isOperated(settings: ObservabilitySettings): settings is OperatedSettings {
    return settings.scrape === "podMonitor" || settings.scrape === "vmPodScrape";
}

/** Whether Cilium's metrics are wanted. */
export function scrapesCilium(settings: ObservabilitySettings): boolean {
    return settings.scrape !== "none" && settings.cilium;
}
