/** Draws what `make bench` has measured, for light and for dark pages: `npm run -s pictures`. A unit test refuses a stale file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scaleBand, scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { type Performance, type Policy, readPerformance } from "../../bench/figures";
import { type Colour, FONT, type ThemeName, THEMES, themes } from "./theme";

const [WIDTH, HEIGHT] = [800, 300];
const PANEL = { width: 380, gap: 14, top: 14, bottom: HEIGHT - 14 };
/** Of a graph in its panel. */
const GRAPH = { left: 56, right: 20, top: 74, bottom: HEIGHT - 64 };

const POLICIES: Record<Policy, string> = {
    none: "no policy",
    labels: "by labels",
    authentication: "authenticated",
};

type Point = readonly [x: number, y: number];

/** Two graphs: how registration grows with the cluster, and what a policy costs requests. */
export function performancePicture(performance: Performance, name: ThemeName): string {
    const theme = THEMES[name];
    const text = ([x, y]: Point, content: string, colour: Colour, more = "") =>
        `<text x="${round(x)}" y="${round(y)}" fill="${theme[colour]}"${more}>${content}</text>`;
    const panel = (index: number, title: string, content: readonly string[]) => [
        `<g transform="translate(${PANEL.gap + index * (PANEL.width + PANEL.gap - 2)} 0)">`,
        `<rect y="${PANEL.top}" width="${PANEL.width}" height="${PANEL.bottom - PANEL.top}" rx="8" fill="${theme.card}" stroke="${theme.border}"/>`,
        text([16, 40], title, "text", ' font-size="15" font-weight="600"'),
        ...content,
        "</g>",
    ];
    const level = (y: number, label: string) => [
        `<path d="M${GRAPH.left} ${round(y)}H${PANEL.width - GRAPH.right}" stroke="${theme.border}"/>`,
        text([GRAPH.left - 8, y + 4], label, "muted", ' text-anchor="end"'),
    ];
    const key = (x: number, colour: Colour, content: string, opacity = 1) => [
        `<rect x="${x}" y="53" width="12" height="8" rx="2" fill="${theme[colour]}" opacity="${opacity}"/>`,
        text([x + 18, 61], content, "muted"),
    ];

    const growth = () => {
        const { registration } = performance;
        const sizes = registration.map(({ agents }) => agents);
        const execs = registration.filter(({ execSeconds }) => execSeconds !== undefined);
        const all = [...registration.map((r) => r.seconds), ...execs.map((r) => r.execSeconds!)];
        const tens = (value: number, round: (n: number) => number) =>
            10 ** round(Math.log10(value));
        const low = tens(Math.min(...all), Math.floor);
        const high = tens(Math.max(...all), Math.ceil);
        const x = scaleLog(
            [sizes[0]!, sizes.at(-1)!],
            [GRAPH.left + 10, PANEL.width - GRAPH.right - 14],
        );
        const y = scaleLog([low, high], [GRAPH.bottom, GRAPH.top]);
        const levels = Array.from(
            { length: Math.round(Math.log10(high / low)) + 1 },
            (_, i) => low * 10 ** i,
        );
        const curve = (points: Point[], colour: Colour) => [
            `<path d="${line().digits(1)(points.map(([a, b]) => [a, b]))}" fill="none" stroke="${theme[colour]}" stroke-width="2"/>`,
            ...points.map(
                ([a, b]) =>
                    `<circle cx="${round(a)}" cy="${round(b)}" r="3.5" fill="${theme[colour]}"/>`,
            ),
        ];
        return [
            ...key(GRAPH.left, "pulumi", "this program"),
            ...key(GRAPH.left + 118, "cilium", "one kubectl exec per entry"),
            ...levels.flatMap((value) => level(y(value), `${Number(value.toPrecision(1))} s`)),
            ...sizes.map((size) =>
                text(
                    [x(size), GRAPH.bottom + 20],
                    size.toLocaleString("en"),
                    "muted",
                    ' text-anchor="middle"',
                ),
            ),
            text(
                [PANEL.width / 2 + 18, GRAPH.bottom + 40],
                "agents",
                "muted",
                ' text-anchor="middle"',
            ),
            ...curve(
                registration.map((r) => [x(r.agents), y(r.seconds)]),
                "pulumi",
            ),
            ...curve(
                execs.map((r) => [x(r.agents), y(r.execSeconds!)]),
                "cilium",
            ),
        ];
    };

    const requests = () => {
        const kept = performance.packets.filter(({ connections }) => connections === "new");
        const y = scaleLinear(
            [0, Math.max(...kept.map(({ p99 }) => p99)) * 1.1],
            [GRAPH.bottom, GRAPH.top],
        );
        const x = scaleBand(
            kept.map(({ policy }) => policy),
            [GRAPH.left, PANEL.width - GRAPH.right],
        ).padding(0.3);
        const bar = (left: number, value: number, opacity: number) =>
            `<rect x="${round(left)}" y="${round(y(value))}" width="${round(x.bandwidth() / 2 - 2)}" height="${round(GRAPH.bottom - y(value))}" rx="2" fill="${theme.pod}" opacity="${opacity}"/>`;
        return [
            ...key(GRAPH.left, "pod", "half take no longer"),
            ...key(GRAPH.left + 150, "pod", "99 in a hundred", 0.45),
            ...y.ticks(4).flatMap((tick) => level(y(tick), `${tick} ms`)),
            ...kept.flatMap(({ policy, median, p99 }) => {
                const left = x(policy)!;
                const middle = left + x.bandwidth() / 2;
                return [
                    bar(left, median, 1),
                    bar(left + x.bandwidth() / 2, p99, 0.45),
                    text(
                        [middle, GRAPH.bottom + 20],
                        POLICIES[policy],
                        "muted",
                        ' text-anchor="middle"',
                    ),
                ];
            }),
        ];
    };

    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT}" font-size="12" role="img">`,
        "<title>How long registration takes as a cluster grows, and what a policy costs a request</title>",
        ...panel(0, "Registering the agents of a cluster", growth()),
        ...panel(1, "A request with a connection of its own", requests()),
        "</svg>",
        "",
    ].join("\n");
}

function round(value: number): number {
    return Math.round(value * 10) / 10;
}

/** Where the picture of a theme is. */
export const performanceFile = (name: ThemeName) => `docs/pictures/performance-${name}.svg`;

if (require.main === module) {
    for (const name of themes) {
        const picture = performancePicture(readPerformance(), name);
        writeFileSync(join(process.cwd(), performanceFile(name)), picture);
    }
}
