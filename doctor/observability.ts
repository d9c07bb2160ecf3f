/** What observability needs of a cluster: an operator's kinds, and an adopted Cilium that has metrics. */
import type { Cluster } from "@cilium-spire/entries-provider";
import { CILIUM } from "../components/names";
import { KINDS } from "../components/observability/kinds";
import { isOperated, scrapesCilium } from "../settings/observability";
import type { Settings } from "../settings/schema";

/** Keys of `cilium-config` without which there are no metrics (the charts of 1.15 to 1.20). */
const METRICS_KEYS = {
    "prometheus-serve-addr": "prometheus.enabled",
    "operator-prometheus-serve-addr": "operator.prometheus.enabled",
};

/** @throws Error that says which kind is missing, or which value of the adopted Cilium, and what to do. */
export async function requireObservability(cluster: Cluster, settings: Settings): Promise<void> {
    await requireKinds(cluster, settings);
    await requireMetrics(cluster, settings);
}

async function requireKinds(cluster: Cluster, { observability }: Settings): Promise<void> {
    if (!isOperated(observability)) return;
    const { apiVersion, monitor, rule } = KINDS[observability.scrape];
    const [group, version] = apiVersion.split("/") as [string, string];
    const list = await cluster.find(cluster.custom.getAPIResources({ group, version }));
    const wanted = [monitor, ...(observability.alerts ? [rule] : [])];
    const missing = wanted.filter((kind) => !list?.resources.some((known) => known.kind === kind));
    if (missing.length === 0) return;
    throw new Error(
        `observability.scrape = "${observability.scrape}", but the cluster knows no ${missing.join(" and no ")} of ${apiVersion}; install that operator's CRDs first, or choose another way to scrape.`,
    );
}

async function requireMetrics(
    cluster: Cluster,
    { observability, cilium }: Settings,
): Promise<void> {
    if (cilium.mode !== "adopt" || !scrapesCilium(observability)) return;
    const name = CILIUM.configMap;
    const { namespace } = cilium;
    const found = await cluster.find(cluster.core.readNamespacedConfigMap({ name, namespace }));
    // That there is no Cilium is said by who adopts it.
    if (!found) return;
    const off = Object.entries(METRICS_KEYS).filter(([key]) => !found.data?.[key]);
    if (off.length === 0) return;
    const values = off.map(([, value]) => `${value}=true`).join(" and ");
    throw new Error(
        `observability.cilium: the Cilium in namespace ${namespace} serves no metrics; set ${values} in its release, or observability.cilium to false.`,
    );
}
