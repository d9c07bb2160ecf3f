/** The dashboard's picture: what it draws of a recording. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PANELS } from "../../../components/observability/dashboard";
import { dashboardPicture } from "../../../docs/pictures/dashboard";
import { legendOf, recordedSeries, type RecordedPanel } from "../../../docs/pictures/recording";
import { scaleFor } from "../../../docs/pictures/units";

const START = "2026-01-01T10:00:00.000Z";
const drawnOf = (panel: Partial<RecordedPanel>) => {
    const panels = [{ title: "Panel", unit: "bytes", series: [], ...panel }];
    return dashboardPicture({ what: "", start: START, step: 60, panels }, "dark");
};
const pathsOf = (svg: string) =>
    [...svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map((m) => m[1]!);

test("a series is a line through its values, interrupted where there are none", () => {
    const values = [0, 1024 ** 2, null, 3 * 1024 ** 2, 4 * 1024 ** 2];
    const svg = drawnOf({ series: [{ legend: "a <b>", values }] });
    const [path] = pathsOf(svg) as [string];
    assert.equal(path.match(/M/g)!.length, 2);
    const points = [...path.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map((m) => [
        Number(m[1]),
        Number(m[2]),
    ]);
    assert.equal(points.length, 4);
    const [first, second, third, last] = points as [number[], number[], number[], number[]];
    // Equal times are equal widths, and so are values and heights.
    assert.ok(Math.abs(third[0]! - second[0]! - 2 * (second[0]! - first[0]!)) < 0.3);
    assert.ok(Math.abs(first[1]! - last[1]! - 4 * (first[1]! - second[1]!)) < 0.5);
    for (const text of [">0 MiB<", ">4 MiB<", ">10:00<", ">10:04<", "a &lt;b&gt;"]) {
        assert.ok(svg.includes(text), text);
    }
});

test("a panel without series says so; a value alone is a dot; nought has an axis", () => {
    assert.match(drawnOf({}), />No data</);
    const [dot] = pathsOf(drawnOf({ series: [{ legend: "a", values: [null, 1, null] }] }));
    assert.match(dot!, /^M[\d.,]+Z$/);
    assert.doesNotMatch(drawnOf({ series: [{ legend: "a", values: [0, 0] }] }), /NaN|Infinity/);
});

test("names that do not fit are counted", () => {
    const series = Array.from({ length: 9 }, (_, i) => ({
        legend: `attestation precinct-99-control-plane-${i}`,
        values: [i],
    }));
    const svg = drawnOf({ series });
    assert.equal(svg.match(/attestation/g)!.length, 4);
    assert.match(svg, />\+5</);
});

test("what was recorded keeps its times, and is short", () => {
    const grid = { start: 100, step: 10, count: 4 };
    const samples = [
        [100, 1.23456789],
        [120, Number.NaN],
        [130, 86_399.87],
    ] as const;
    assert.deepEqual(recordedSeries("a", samples, grid).values, [1.235, null, null, 86_400]);
    assert.equal(
        legendOf("server {{host}} {{none}}", { host: "spire-server-0" }),
        "server spire-server-0 ",
    );
});

test("axes have the unit that fits their values", () => {
    const suffix = (unit: string, largest: number) => scaleFor(unit, largest).suffix;
    assert.deepEqual(
        [suffix("s", 90), suffix("s", 86_400), suffix("ms", 1500), suffix("bytes", 5e7)],
        [" s", " h", " s", " MiB"],
    );
    assert.throws(() => scaleFor("volts", 1), /no unit "volts"/);
    for (const { unit } of PANELS) scaleFor(unit, 1);
});
