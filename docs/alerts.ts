/** Renders docs/alerts.md from the alerts themselves: `npm run -s reference`. A unit test refuses a stale file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { slug } from "github-slugger";
import type { Alert } from "../components/observability/alert";
import { alertGroups, ALERTS } from "../components/observability/alerts";
import { repositoryRoot } from "../sandbox/host/paths";
import { decodeSettings } from "../settings/decode";
import { isOperated } from "../settings/observability";
import { installsSpire } from "../settings/schema";

/** A stack that has them all: everything at its default but for a second replica. */
const EXAMPLE = {
    trustDomain: "example.org",
    clusterName: "example",
    observability: { scrape: "podMonitor", alerts: true },
    spire: {
        server: {
            replicas: 2,
            datastore: { type: "postgres", host: "postgres", passwordSecret: { name: "postgres" } },
        },
    },
};

/** The whole document. */
export function alertsDocument(): string {
    const settings = decodeSettings(EXAMPLE);
    const { observability } = settings;
    if (!isOperated(observability) || !installsSpire(settings))
        throw new Error("the example has no alerts");
    const rules = alertGroups(settings, observability).flatMap((group) => group.rules);
    return [
        "# Alerts",
        "",
        "What each alert of `observability.alerts` means, and what to do. Generated from `components/observability/` by",
        "`npm run -s reference`. The rules are those of a stack with two replicas and else the defaults: lifetimes, memory limits and",
        "namespaces of yours change them. Each was shown to fire on its fault, and to be silent on healthy clusters: all on series that are",
        "made up and on a real cluster with real faults, with a sixtieth of their durations (`test/operations/14-observability.test.ts`,",
        "`test/operations/15-replicas.test.ts`).",
        "",
        "`NAMESPACE` and `POD` are the labels of the alert, `STACK` is the Pulumi stack.",
        "",
        "| alert | severity | |",
        "| --- | --- | --- |",
        ...ALERTS.map(
            ({ name, severity, condition }) =>
                `| [${name}](#${slug(name)}) | ${severity} | ${condition} |`,
        ),
        ...ALERTS.flatMap((alert) => section(alert, rules)),
        "",
    ].join("\n");
}

function section(alert: Alert, rules: { alert: string; expr: string; for: string }[]): string[] {
    const { name, severity, description, condition, when, steps } = alert;
    const rule = rules.find((each) => each.alert === name);
    if (!rule) throw new Error(`the example lacks ${name}`);
    return [
        "",
        `## ${name}`,
        "",
        description,
        "",
        `- **Fires** (${severity}) after ${durationText(rule.for)}: ${condition}`,
        ...(when ? [`- **Only** ${when}.`] : []),
        "",
        "What to do:",
        "",
        ...steps.map((step, i) => `${i + 1}. ${step}`),
        "",
        "```promql",
        rule.expr,
        "```",
    ];
}

/** Seconds such as `300s` as people say them. */
function durationText(text: string): string {
    const seconds = Number.parseInt(text, 10);
    if (seconds % 3600 === 0) return seconds === 3600 ? "an hour" : `${seconds / 3600} hours`;
    return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}

if (require.main === module) {
    writeFileSync(join(repositoryRoot, "docs", "alerts.md"), alertsDocument());
}
