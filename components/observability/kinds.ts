/** The kinds of objects by which the two operators are told what to scrape and when to alert. */
import type { OperatedSettings } from "../../settings/observability";

/** An object of a namespace, as one writes it in YAML. */
export interface PlainObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace: string; labels?: Record<string, string> };
    spec?: object;
    data?: Record<string, string>;
}

interface Kinds {
    apiVersion: string;
    monitor: string;
    rule: string;
    /** What the operator calls the rewriting of a target's labels. */
    relabelings: string;
}

/** By `observability.scrape`. */
export const KINDS: Record<OperatedSettings["scrape"], Kinds> = {
    podMonitor: {
        apiVersion: "monitoring.coreos.com/v1",
        monitor: "PodMonitor",
        rule: "PrometheusRule",
        relabelings: "relabelings",
    },
    vmPodScrape: {
        apiVersion: "operator.victoriametrics.com/v1beta1",
        monitor: "VMPodScrape",
        rule: "VMRule",
        relabelings: "relabelConfigs",
    },
};
