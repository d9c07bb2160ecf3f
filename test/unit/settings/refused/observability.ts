/** Metrics, alerts and dashboard: what needs an operator, and values of Cilium's chart that are in the way. */
import type { Refusal } from "./refusal";

const observability = (settings: object, others: object = {}) => ({
    observability: settings,
    ...others,
});
const chart = (values: object) => ({ cilium: { values } });

export const observabilityKeys: Refusal[] = [
    {
        name: "alerts without an operator that evaluates them",
        settings: observability({ alerts: true }),
        message:
            /observability\.alerts: needs an operator .*set observability\.scrape to "podMonitor" or "vmPodScrape"/,
    },
    {
        name: "labels for an operator that is not asked",
        settings: observability({ scrape: "annotations", labels: { release: "x" } }),
        message: /observability\.labels: needs an operator/,
    },
    {
        name: "a way to scrape that is none",
        settings: observability({ scrape: "serviceMonitor" }),
        message: /observability\.scrape = .*one of: none, annotations, podMonitor, vmPodScrape/,
    },
    {
        name: "NetworkPolicies that let everyone in",
        settings: observability({ allowedNamespaces: {} }),
        message: /observability\.allowedNamespaces = \{\}: is empty, which would let everyone in/,
    },
    {
        name: "samples that are too rare for the alerts",
        settings: observability({ scrape: "vmPodScrape", interval: "5m" }),
        message: /observability\.interval = "5m": must be 120s or less: alerts and dashboard/,
    },
    {
        name: "a runbook without TLS",
        settings: observability({ scrape: "podMonitor", runbooks: "http://wiki/alerts" }),
        message: /observability\.runbooks = .*must be a URL that begins with https/,
    },
    {
        name: "Cilium's metrics, wanted and switched off",
        settings: observability(
            { scrape: "podMonitor" },
            chart({ prometheus: { enabled: false } }),
        ),
        message:
            /cilium\.values\.prometheus\.enabled = false: observability\.scrape = "podMonitor" needs Cilium's metrics; remove it, or set observability\.cilium to false/,
    },
    {
        name: "the operator's metrics, scraped twice",
        settings: observability(
            { scrape: "annotations" },
            chart({ operator: { prometheus: { serviceMonitor: { enabled: true } } } }),
        ),
        message:
            /cilium\.values\.operator\.prometheus\.serviceMonitor\.enabled = true: .*a second time; remove it, or set observability\.cilium to false/,
    },
];
