/** The dashboard: what the engine of VictoriaMetrics makes of each query, and that all speak of metrics that there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard, PANELS } from "../../../components/observability/dashboard";
import { METRICS } from "../../../components/observability/metrics";
import { type Series, testRules } from "../../support/vmalert";
import { flat, recovered, steady } from "./states";

const queries = PANELS.flatMap(({ title, queries }) =>
    queries.map(({ expr }) => ({ title, expr })),
);

/** No rule at all is refused. */
const IDLE = [{ name: "idle", rules: [{ record: "idle", expr: "vector(1)" }] }];

/** With labels that the dashboard goes by. */
function byHost(series: Series): RuleInputs {
    return Object.entries(series).map(([name, values]) => {
        const pod = /pod="([^"]*)"/.exec(name)![1]!;
        return { series: name.replace("{", `{host="${pod}",instance="${pod}",`), values };
    });
}
type RuleInputs = { series: string; values: string }[];

test("every query is one that the engine reads", async () => {
    const tests = queries.map(({ title, expr }) => ({
        name: title,
        input_series: [],
        metricsql_expr_test: [{ expr, eval_time: "30m", exp_samples: [] }],
    }));
    assert.equal(await testRules(IDLE, tests), "");
});

test("on a cluster in which everything happens, every query has an answer", async () => {
    const also = (metric: string) => ({
        [`${metric}{pod="x",status="PermissionDenied"}`]: flat(1),
    });
    const series = {
        ...recovered(),
        ...steady(),
        ...also(METRICS.batchCreateEntry),
        ...also(METRICS.delegateSubscribe),
        ...also(METRICS.listEntries),
        ...also(METRICS.attestAgent),
        ...also(METRICS.signX509Svid),
        ...also(METRICS.serverSvidRotate),
        ...also(METRICS.fetchSvids),
        ...also(METRICS.nodeFetch),
        ...also(METRICS.bundleFetch),
        [`${METRICS.getAuthorizedEntries}_elapsed_time{pod="x",quantile="0.99",status="OK"}`]:
            flat(5),
    };
    const tests = queries.map(({ title, expr }) => ({
        name: title,
        input_series: byHost(series),
        metricsql_expr_test: [
            {
                expr: `count(${expr}) > bool 0`,
                eval_time: "12m",
                exp_samples: [{ labels: "{}", value: 1 }],
            },
        ],
    }));
    assert.equal(await testRules(IDLE, tests), "");
});

test("queries name no other metrics than those of the table", () => {
    const known = new Set<string>(Object.values(METRICS));
    const strange = queries.flatMap(({ expr }) =>
        [...expr.matchAll(/\b(?:spire|cilium|process|up)\w*/g)]
            .map(([name]) => name.replace(/_elapsed_time$/, ""))
            .filter((name) => !known.has(name)),
    );
    assert.deepEqual(strange, []);
});

test("panels do not overlap, and have titles of their own", () => {
    const { panels } = dashboard() as {
        panels: { id: number; title: string; gridPos: { x: number; y: number; w: number } }[];
    };
    const distinct = (of: (panel: (typeof panels)[number]) => unknown) =>
        new Set(panels.map((panel) => JSON.stringify(of(panel)))).size;
    assert.equal(
        distinct(({ id }) => id),
        panels.length,
    );
    assert.equal(
        distinct(({ title }) => title),
        panels.length,
    );
    assert.equal(
        distinct(({ gridPos: { x, y } }) => [x, y]),
        panels.length,
    );
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
});
