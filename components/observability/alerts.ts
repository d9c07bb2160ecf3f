/** All alerts, and what rules a stack gets of them. */
import type { OperatedSettings } from "../../settings/observability";
import type { InstallStack } from "../../settings/schema";
import { agentAlerts } from "./agentAlerts";
import { type Alert, alertFacts } from "./alert";
import { ciliumAlerts } from "./ciliumAlerts";
import { serverAlerts } from "./serverAlerts";

/** Where docs/alerts.md is, from the root of this project. */
const RUNBOOKS = "docs/alerts.md";

/** In the order of docs/alerts.md, which is made of them. */
export const ALERTS: Alert[] = [...serverAlerts, ...agentAlerts, ...ciliumAlerts];

/** An alerting rule as both Prometheus and vmalert read it. */
export interface AlertingRule {
    alert: string;
    expr: string;
    for: string;
    labels: { severity: string };
    annotations: { summary: string; description: string; runbook_url: string };
}

/** The one group of rules of a stack. */
export function alertGroups(
    settings: InstallStack,
    observability: OperatedSettings,
): { name: string; rules: AlertingRule[] }[] {
    const facts = alertFacts(settings, observability);
    const { runbooks = RUNBOOKS } = observability;
    const rules = ALERTS.flatMap((alert) => {
        const rule = alert.rule(facts);
        if (!rule) return [];
        const { name, severity, summary, description } = alert;
        return {
            alert: name,
            expr: rule.expr,
            for: `${rule.forSeconds}s`,
            labels: { severity },
            annotations: {
                summary,
                description,
                runbook_url: `${runbooks}#${name.toLowerCase()}`,
            },
        };
    });
    return [{ name: "cilium-spire", rules }];
}
