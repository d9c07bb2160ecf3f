/** Draws the README's picture, for light and for dark pages: `npm run -s pictures`. A unit test refuses a stale file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CARD_WIDTH, shapes } from "./shapes";
import { FONT, type ThemeName, THEMES, themes } from "./theme";

const [WIDTH, HEIGHT] = [800, 480];

/** The picture as SVG. */
export function handshake(name: ThemeName): string {
    const theme = THEMES[name];
    const { text, card, arrow, both, step, frame, heads } = shapes(name);

    const half = CARD_WIDTH / 2;
    const gap = half + 4;
    const [left, middle, right] = [188, 400, 612];
    const [first, last] = [half + 14, WIDTH - half - 14];
    const [top, bend, spire, cilium, pod] = [40, 104, 206, 312, 418];
    const lines = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT}" role="img">`,
        "<title>How two pods are authenticated before they talk</title>",
        heads("pulumi", "spire", "cilium", "pod"),
        ...frame([14, 138], [348, 328], "node 1"),
        ...frame([438, 138], [348, 328], "node 2"),

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
