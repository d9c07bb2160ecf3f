/** The alerts as the object that an operator loads. */
import type { OperatedSettings } from "../../settings/observability";
import type { InstallStack } from "../../settings/schema";
import { alertGroups } from "./alerts";
import { KINDS, type PlainObject } from "./kinds";

/** A PrometheusRule or a VMRule, which are alike but for their names, in the server's namespace. */
export function ruleObject(settings: InstallStack, observability: OperatedSettings): PlainObject {
    const { apiVersion, rule } = KINDS[observability.scrape];
    return {
        apiVersion,
        kind: rule,
        metadata: {
            name: "cilium-spire",
            namespace: settings.spire.server.namespace,
            labels: observability.labels,
        },
        spec: { groups: alertGroups(settings, observability) },
    };
}
