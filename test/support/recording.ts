/** Records what the dashboard shows, for its picture. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PANELS } from "../../components/observability/dashboard";
import { RECORDING } from "../../docs/pictures/dashboard";
import {
    legendOf,
    type RecordedSeries,
    recordedSeries,
    type Recording,
} from "../../docs/pictures/recording";
import { repositoryRoot } from "../../sandbox/host/paths";
import type { Monitoring } from "./monitoring";

/** Seconds from one recorded value to the next. */
const STEP = 10;

/** Writes the file that `npm run -s pictures` draws. */
export async function recordDashboard(monitoring: Monitoring, since: Date): Promise<void> {
    const start = Math.ceil(since.getTime() / 1000 / STEP) * STEP;
    const count = Math.floor((Date.now() / 1000 - start) / STEP) + 1;
    const window = { start, end: start + (count - 1) * STEP, step: STEP };
    const recording: Recording = {
        what: "The panels of the dashboard while test/operations/14-observability.test.ts ran on the sandbox.",
        start: new Date(start * 1000).toISOString(),
        step: STEP,
        panels: [],
    };
    for (const { title, unit, queries } of PANELS) {
        const series: RecordedSeries[] = [];
        for (const { expr, legend } of queries) {
            for (const { labels, samples } of await monitoring.range(expr, window)) {
                series.push(
                    recordedSeries(legendOf(legend, labels), samples, { start, count, step: STEP }),
                );
            }
        }
        recording.panels.push({ title, unit, series });
    }
    // A line for each series: changes can be read.
    const text = JSON.stringify(recording, undefined, 1).replace(/\[[\s\d.,nule-]+\]/g, (list) =>
        list.replaceAll(/\s/g, ""),
    );
    await writeFile(join(repositoryRoot, RECORDING), `${text}\n`);
}
