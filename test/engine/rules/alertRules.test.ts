/** Every alert fires on its fault, and is silent on two healthy clusters: judged by the rule tester of VictoriaMetrics. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alertGroups, ALERTS } from "../../../components/observability/alerts";
import { isOperated, type OperatedSettings } from "../../../settings/observability";
import { decodeSettings } from "../../../settings/decode";
import { installed } from "../../support/installed";
import { type RuleTest, type Series, testRules } from "../../support/vmalert";
import { type Fault, FAULTS } from "./faults";
import { MINUTES, recovered, steady } from "./states";

const GROUP = "cilium-spire";

const STACKS = {
    small: {},
    // Whose CA's lifetime somebody else decides.
    large: {
        spire: {
            server: {
                replicas: 3,
                datastore: { type: "postgres", host: "db", passwordSecret: { name: "db" } },
                upstreamAuthority: { type: "disk", certificate: { name: "ca" } },
            },
        },
    },
};

function groupsOf(stack: object) {
    const settings = installed(
        decodeSettings({
            trustDomain: "example.org",
            clusterName: "east",
            observability: { scrape: "podMonitor", alerts: true },
            ...stack,
        }),
    );
    assert.ok(isOperated(settings.observability));
    return alertGroups(settings, settings.observability satisfies OperatedSettings);
}

const groups = { small: groupsOf(STACKS.small), large: groupsOf(STACKS.large) };

function inputs(series: Record<string, string | undefined>): RuleTest["input_series"] {
    return Object.entries(series).flatMap(([name, values]) =>
        values === undefined ? [] : [{ series: name, values }],
    );
}

function silent(name: string, series: Series): RuleTest {
    const minutes = Array.from({ length: MINUTES }, (_, minute) => minute);
    const tests = ALERTS.flatMap(({ name: alertname }) =>
        minutes.map((minute) => ({
            eval_time: `${minute}m`,
            groupname: GROUP,
            alertname,
            exp_alerts: [],
        })),
    );
    return { name, input_series: inputs(series), alert_rule_test: tests };
}

function firing(alertname: string, fault: Fault, i: number): RuleTest {
    const { severity, description } = ALERTS.find(({ name }) => name === alertname)!;
    const expected = {
        exp_labels: { ...fault.alert.labels, severity },
        exp_annotations: {
            summary: fault.alert.summary,
            description,
            runbook_url: `docs/alerts.md#${alertname.toLowerCase()}`,
        },
    };
    return {
        name: `${alertname}, fault ${i + 1}`,
        input_series: inputs({ ...steady(fault.replicas), ...fault.changes }),
        alert_rule_test: [
            {
                eval_time: `${MINUTES}m`,
                groupname: GROUP,
                alertname,
                exp_alerts: [expected],
            },
        ],
    };
}

test("every alert has a fault", () => {
    assert.deepEqual(Object.keys(FAULTS).sort(), ALERTS.map(({ name }) => name).sort());
});

test("on healthy clusters all are silent", async () => {
    const small = [silent("steady", steady()), silent("recovered", recovered())];
    assert.equal(await testRules(groups.small, small), "");
    const large = [silent("steady, large", steady(3)), silent("recovered, large", recovered(3))];
    assert.equal(await testRules(groups.large, large), "");
});

test("on its fault, each fires", async () => {
    const tests = Object.entries(FAULTS).flatMap(([alert, faults]) =>
        faults.map((fault, i) => ({ fault, test: firing(alert, fault, i) })),
    );
    const of = (large: boolean) =>
        tests.filter(({ fault }) => (fault.replicas !== undefined) === large).map((t) => t.test);
    assert.equal(await testRules(groups.small, of(false)), "");
    assert.equal(await testRules(groups.large, of(true)), "");
});
