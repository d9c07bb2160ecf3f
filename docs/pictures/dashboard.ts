/**
 * Draws the dashboard from what was recorded of a real cluster, for light and for dark pages: `npm run -s pictures`. The recording is
 * made by `CILIUM_SPIRE_RECORD_DASHBOARD=1 make operations TESTS=14-observability`. A unit test refuses a stale file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scaleLinear, scaleUtc } from "d3-scale";
import { line } from "d3-shape";
import type { RecordedPanel, RecordedSeries, Recording } from "./recording";
import { type Colour, FONT, type ThemeName, THEMES, themes } from "./theme";
import { scaleFor } from "./units";

/** Grafana's own, darker on light pages. */
const COLOURS: Record<ThemeName, readonly string[]> = {
    dark: ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#96d98d"],
    light: ["#37872d", "#c29200", "#3274d9", "#e0580c", "#c4162a", "#1f60c4", "#8f3bb8", "#56a64b"],
};

const COLUMNS = 3;
/** Labels below a graph for which there is room. */
const MOST_TIMES = 4;
const WIDTH = 900;
const [HEADER, GAP] = [44, 10];
const PANEL = { width: (WIDTH - (COLUMNS + 1) * GAP) / COLUMNS, height: 250 };
/** Of the graph in its panel. */
const GRAPH = { left: 58, right: 14, top: 40, height: 110 };
const LEGEND = { top: 186, line: 16, lines: 4, size: 11 };
/** Of a letter of this size, on average. */
const LETTER = 0.53;

type Point = readonly [x: number, y: number];

/** The picture as SVG. */
export function dashboardPicture(recording: Recording, name: ThemeName): string {
    const { panels, start, step } = recording;
    const theme = THEMES[name];
    const rows = Math.ceil(panels.length / COLUMNS);
    const height = HEADER + rows * (PANEL.height + GAP);
    const count = Math.max(
        2,
        ...panels.flatMap(({ series }) => series.map((s) => s.values.length)),
    );
    const from = new Date(start);
    const to = new Date(from.getTime() + (count - 1) * step * 1000);
    const time = scaleUtc([from, to], [GRAPH.left, PANEL.width - GRAPH.right]);
    const clock = (date: Date) => date.toISOString().slice(11, 16);

    const text = ([x, y]: Point, content: string, size: number, colour: Colour, more = "") =>
        `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${theme[colour]}"${more}>${escaped(content)}</text>`;
    const rule = (x1: number, y1: number, x2: number, y2: number) =>
        `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${theme.border}" stroke-width="0.7"/>`;

    const graph = ({ unit, series }: RecordedPanel) => {
        const largest = Math.max(0, ...series.flatMap(({ values }) => values.map((v) => v ?? 0)));
        const { by, suffix } = scaleFor(unit, largest);
        const bottom = GRAPH.top + GRAPH.height;
        const value = scaleLinear(
            [0, largest === 0 ? 1 : (largest / by) * 1.05],
            [bottom, GRAPH.top],
        );
        value.nice(4);
        const label = value.tickFormat(4);
        const right = PANEL.width - GRAPH.right;
        const atTime = (i: number) => time(from.getTime() + i * step * 1000);
        const path = line<number | null>()
            .defined((v) => v !== null)
            .x((_, i) => round(atTime(i)))
            .y((v) => round(value((v ?? 0) / by)))
            .digits(1);
        return [
            ...value
                .ticks(4)
                .flatMap((tick) => [
                    rule(GRAPH.left, value(tick), right, value(tick)),
                    text(
                        [GRAPH.left - 6, value(tick) + 4],
                        `${label(tick)}${suffix}`,
                        11,
                        "muted",
                        END,
                    ),
                ]),
            ...spread(time.ticks(MOST_TIMES), MOST_TIMES).flatMap((tick) => [
                rule(time(tick), GRAPH.top, time(tick), bottom),
                text([time(tick), bottom + 16], clock(tick), 11, "muted", MIDDLE),
            ]),
            ...series.map(
                ({ values }, i) =>
                    `<path d="${path(values) ?? ""}" fill="none" stroke="${colour(name, i)}" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/>`,
            ),
        ];
    };

    const panel = (recorded: RecordedPanel, i: number) => {
        const [x, y] = [
            GAP + (i % COLUMNS) * (PANEL.width + GAP),
            HEADER + Math.floor(i / COLUMNS) * (PANEL.height + GAP),
        ];
        const { title, series } = recorded;
        const box = `<rect width="${round(PANEL.width)}" height="${PANEL.height}" rx="4" fill="${theme.card}" stroke="${theme.border}"/>`;
        const content =
            series.length > 0
                ? [...graph(recorded), ...legend(series)]
                : [text([PANEL.width / 2, PANEL.height / 2 + 8], "No data", 15, "muted", MIDDLE)];
        const heading = text([12, 23], title, 13.5, "text", ' font-weight="600"');
        return [`<g transform="translate(${round(x)} ${y})">`, box, heading, ...content, "</g>"];
    };

    const legend = (series: readonly RecordedSeries[]) =>
        placed(series.map((s) => s.legend)).flatMap(({ at: [x, y], content, index }) => [
            ...(index === undefined
                ? []
                : [
                      `<rect x="${round(x)}" y="${y - 5}" width="12" height="3" rx="1.5" fill="${colour(name, index)}"/>`,
                  ]),
            text([index === undefined ? x : x + 17, y], content, LEGEND.size, "muted"),
        ]);

    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}" role="img">`,
        "<title>The dashboard, with the data of a cluster that the tests broke in several ways</title>",
        `<rect width="${WIDTH}" height="${height}" rx="6" fill="${theme.node}"/>`,
        text(
            [GAP + 4, 29],
            "Mutual authentication: SPIRE and Cilium",
            17,
            "text",
            ' font-weight="600"',
        ),
        text([WIDTH - GAP - 4, 28], `${clock(from)} to ${clock(to)}`, 12.5, "muted", END),
        ...panels.flatMap(panel),
        "</svg>",
        "",
    ].join("\n");
}

const END = ' text-anchor="end"';
const MIDDLE = ' text-anchor="middle"';

function colour(name: ThemeName, index: number): string {
    const all = COLOURS[name];
    return all[index % all.length]!;
}

interface Placed {
    at: Point;
    content: string;
    /** Of the series; undefined for what tells that there are more. */
    index?: number;
}

/** Names side by side as they fit; the last place is for how many do not. */
function placed(names: readonly string[]): Placed[] {
    const [first, last] = [12, PANEL.width - 8];
    const widthOf = (content: string) => content.length * LEGEND.size * LETTER + 17 + 10;
    const all: Placed[] = [];
    let [x, row] = [first, 0];
    for (const [index, content] of names.entries()) {
        const more = `+${names.length - index}`;
        const isLast = index === names.length - 1;
        const needed =
            widthOf(content) + (isLast || row < LEGEND.lines - 1 ? 0 : widthOf(more) - 10);
        if (x > first && x + needed > last) [x, row] = [first, row + 1];
        const at: Point = [x, LEGEND.top + row * LEGEND.line];
        if (row >= LEGEND.lines) {
            const previous = all.at(-1)!;
            const end = previous.at[0] + widthOf(previous.content);
            return [...all, { at: [end, previous.at[1]], content: more }];
        }
        all.push({ at, content, index });
        x += widthOf(content);
    }
    return all;
}

function round(value: number): number {
    return Math.round(value * 10) / 10;
}

/** No more than so many of them, at equal distances: the scale gives about as many as it is asked for. */
function spread<T>(all: readonly T[], most: number): T[] {
    const step = Math.ceil(all.length / most);
    return all.filter((_, i) => i % step === 0);
}

function escaped(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Where the recording is, from the repository's root. */
export const RECORDING = "docs/pictures/dashboard.json";

/** Where the picture of a theme is. */
export const dashboardFile = (name: ThemeName) => `docs/pictures/dashboard-${name}.svg`;

if (require.main === module) {
    const recording = JSON.parse(readFileSync(join(process.cwd(), RECORDING), "utf8")) as Recording;
    for (const name of themes) {
        writeFileSync(join(process.cwd(), dashboardFile(name)), dashboardPicture(recording, name));
    }
}
