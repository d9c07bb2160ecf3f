/** Rules between observability and the values of Cilium's chart. Each line names the key to change. */
import { scrapesCilium } from "./observability";
import type { Settings } from "./schema";
import { valueAt } from "./cilium/values";

/** Values that would keep Cilium's metrics from whoever scrapes them, or give them twice. */
export function* observabilityProblems({ observability, cilium }: Settings): Generator<string> {
    if (!scrapesCilium(observability) || cilium.mode !== "install") return;
    for (const path of ["prometheus", "operator.prometheus"]) {
        const at = (key: string) => valueAt(cilium.values, `${path}.${key}`);
        if (at("enabled") === false) {
            yield `cilium.values.${path}.enabled = false: observability.scrape = "${observability.scrape}" needs Cilium's metrics; remove it, or set observability.cilium to false`;
        }
        if (at("serviceMonitor.enabled") === true) {
            yield `cilium.values.${path}.serviceMonitor.enabled = true: observability.scrape = "${observability.scrape}" would scrape Cilium a second time; remove it, or set observability.cilium to false`;
        }
    }
}
