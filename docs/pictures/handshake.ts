/** Draws the README's picture, for light and for dark pages: `npm run -s pictures`. A unit test refuses a stale file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Colour, FONT, type ThemeName, THEMES, themes } from "./theme";

type Point = readonly [x: number, y: number];

const [WIDTH, HEIGHT] = [800, 480];
const [CARD_WIDTH, CARD_HEIGHT] = [184, 54];

/** The picture as SVG. */
export function handshake(name: ThemeName): string {
    const theme = THEMES[name];

    const text = (at: Point, content: string, size: number, colour: Colour, more = "") =>
        `<text x="${at[0]}" y="${at[1]}" font-size="${size}" fill="${theme[colour]}" text-anchor="middle"${more}>${content}</text>`;

    /** A part with its name and what it does, by its centre. */
    const card = ([x, y]: Point, title: string, role: string, colour: Colour) => {
        const corner = `x="${x - CARD_WIDTH / 2}" y="${y - CARD_HEIGHT / 2}"`;
        return [
            `<rect ${corner} width="${CARD_WIDTH}" height="${CARD_HEIGHT}" rx="8" fill="${theme.card}" stroke="${theme[colour]}" stroke-width="1.5"/>`,
            text([x, y - 3], title, 16, "text", ' font-weight="600"'),
            text([x, y + 16], role, 13, "muted"),
        ];
    };

    const node = (x: number, title: string) => [
        `<rect x="${x}" y="138" width="348" height="328" rx="12" fill="${theme.node}" stroke="${theme.border}"/>`,
        `<text x="${x + 18}" y="163" font-size="13" font-weight="600" fill="${theme.muted}">${title}</text>`,
    ];

    /** A line through points, with heads at its end and perhaps at its start. */
    const arrow = (points: Point[], colour: Colour, more = "") => {
        const path = points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join(" ");
        return `<path d="${path}" fill="none" stroke="${theme[colour]}" stroke-width="2" stroke-linejoin="round" marker-end="url(#${colour})"${more}/>`;
    };

    /** The number of a step, as the text below the picture has it. */
    const step = ([x, y]: Point, number: number, colour: Colour) => [
        `<circle cx="${x}" cy="${y}" r="11" fill="${theme[colour]}"/>`,
        `<text x="${x}" y="${y + 4.5}" font-size="13" font-weight="700" fill="${theme.card}" text-anchor="middle">${number}</text>`,
    ];

    const head = (colour: Colour) =>
        `<marker id="${colour}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5.5" markerHeight="5.5" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="${theme[colour]}"/></marker>`;

    const both = (colour: Colour) => ` marker-start="url(#${colour})"`;
    const half = CARD_WIDTH / 2;
    const gap = half + 4;
    const [left, middle, right] = [188, 400, 612];
    const [first, last] = [half + 14, WIDTH - half - 14];
    const [top, bend, spire, cilium, pod] = [40, 104, 206, 312, 418];
    const lines = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT}" role="img">`,
        "<title>How two pods are authenticated before they talk</title>",
        `<defs>${(["pulumi", "spire", "cilium", "pod"] as const).map(head).join("")}</defs>`,
        ...node(14, "node 1"),
        ...node(438, "node 2"),

        ...card([first, top], "pulumi up", "installs, registers, proves", "pulumi"),
        ...card([middle, top], "SPIRE server", "yours, issues identities", "spire"),
        ...card([last, top], "cilium-operator", "adds an identity per app", "cilium"),
        arrow(
            [
                [first + gap - 4, top],
                [middle - gap, top],
            ],
            "pulumi",
        ),
        arrow(
            [
                [last - gap + 4, top],
                [middle + gap, top],
            ],
            "cilium",
        ),
        ...step([(first + middle) / 2 - 3, top], 1, "pulumi"),
        ...step([(last + middle) / 2 + 3, top], 1, "cilium"),

        ...[-1, 1].flatMap((side) => {
            const x = side < 0 ? left : right;
            const name = side < 0 ? "A" : "B";
            const does = side < 0 ? "no sidecar, no change" : "policy: authenticate first";
            const server = middle + side * 40;
            return [
                arrow(
                    [
                        [x, spire - 27],
                        [x, bend],
                        [server, bend],
                        [server, top + 31],
                    ],
                    "spire",
                ),
                ...step([(x + server) / 2, bend], 2, "spire"),
                ...card([x, spire], "SPIRE agent", "attests node and Cilium", "spire"),
                arrow(
                    [
                        [x, spire + 27],
                        [x, cilium - 31],
                    ],
                    "spire",
                ),
                ...step([x, (spire + cilium) / 2 - 3], 3, "spire"),
                text([x + side * 58, (spire + cilium) / 2 + 2], "pods’ SVIDs", 13, "muted"),
                ...card([x, cilium], "Cilium agent", "shakes hands for its pods", "cilium"),
                `<path d="M${x} ${cilium + 27}V${pod - 27}" stroke="${theme.muted}" stroke-width="1.5" stroke-dasharray="2 4"/>`,
                ...card([x, pod], `pod ${name}`, does, "pod"),
            ];
        }),

        arrow(
            [
                [left + gap, cilium],
                [right - gap, cilium],
            ],
            "cilium",
            both("cilium"),
        ),
        ...step([middle, cilium], 4, "cilium"),
        text([middle, cilium - 20], "mutual TLS", 13, "text", ' font-weight="600"'),
        arrow(
            [
                [left + gap - 4, pod],
                [right - gap, pod],
            ],
            "pod",
        ),
        ...step([middle, pod], 5, "pod"),
        text([middle, pod - 20], "packets", 13, "text", ' font-weight="600"'),
        "</svg>",
        "",
    ];
    return lines.join("\n");
}

/** Where the picture of a theme is, from the repository's root. */
export const pictureFile = (name: ThemeName) => `docs/pictures/handshake-${name}.svg`;

if (require.main === module) {
    for (const name of themes)
        writeFileSync(join(process.cwd(), pictureFile(name)), handshake(name));
}
