/** Draws the pictures of docs/architecture.md: `npm run -s pictures`. A unit test refuses a stale file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Point, shapes } from "./shapes";
import { type Colour, FONT, type ThemeName, THEMES, themes } from "./theme";

const WIDTH = 800;

function svg(title: string, height: number, content: string[]): string {
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}" role="img">`,
        `<title>${title}</title>`,
        ...content,
        "</svg>",
        "",
    ].join("\n");
}

/** Order of one `up`. */
function order(name: ThemeName): string {
    const { card, step, arrow, label, heads } = shapes(name);
    const steps: [title: string, folder: string, why: string[], Colour][] = [
        [
            "Cilium",
            "components/cilium",
            ["It is the network: without it no other pod starts.", "SPIRE may come later."],
            "cilium",
        ],
        [
            "SPIRE server",
            "components/spire",
            [
                "StatefulSet, Service with a ClusterIP, trust bundle.",
                "Ready before any agent asks.",
            ],
            "spire",
        ],
        [
            "SPIRE agents",
            "components/spire",
            ["One on every node. Ready means attested:", "now their IDs can be parents."],
            "spire",
        ],
        [
            "AgentEntries",
            "components/entries",
            ["Waits for all agents, writes the entries,", "wakes cilium-operator once."],
            "pulumi",
        ],
        [
            "verify",
            "doctor",
            ["Looks at all of it, and fails the up", "with what is wrong and the cure."],
            "pulumi",
        ],
    ];
    const [first, distance, x] = [42, 84, 260];
    const drawn = steps.flatMap(([title, folder, why, colour], i) => {
        const y = first + i * distance;
        const next: Point[] = [
            [x, y + 27],
            [x, y + distance - 31],
        ];
        return [
            ...card([x, y], title, folder, colour),
            ...step([x - 124, y], i + 1, colour),
            ...why.map((line, n) => label([x + 120, y - 3 + n * 20], line, 14, "muted")),
            ...(i < steps.length - 1 ? [arrow(next, colour)] : []),
        ];
    });
    const height = first + distance * (steps.length - 1) + 42;
    return svg("The order of one pulumi up", height, [
        heads("cilium", "spire", "pulumi"),
        ...drawn,
    ]);
}

/** Who talks to whom by which socket. */
function sockets(name: ThemeName): string {
    const { card, frame, arrow, text, label, heads, both } = shapes(name);
    const theme = THEMES[name];
    const socket = ([x, y]: Point, path: string, who: string) => [
        `<rect x="${x - 106}" y="${y - 22}" width="212" height="44" rx="22" fill="${theme.card}" stroke="${theme.border}" stroke-width="1.5"/>`,
        text([x, y - 2], path, 13, "text", ' font-weight="600"'),
        text([x, y + 14], who, 12, "muted"),
    ];
    const [left, middle, right] = [164, 400, 640];
    return svg("The sockets of a node, and who uses them", 456, [
        heads("spire", "cilium", "pod"),
        ...frame([44, 112], [712, 330], "a node"),
        ...card([middle, 42], "SPIRE server", "one for the cluster", "spire"),
        arrow(
            [
                [middle, 167],
                [middle, 73],
            ],
            "spire",
        ),
        label(
            [middle + 14, 98],
            "attests with its pod’s token; gets entries, and SVIDs signed",
            13,
            "muted",
        ),
        ...card([middle, 194], "SPIRE agent", "knows pods by the kubelet", "spire"),
        ...socket([left + 30, 290], "sockets/agent.sock", "workload: your own identity"),
        ...socket([right - 30, 290], "admin-sockets/admin.sock", "admin: others’ identities"),
        ...[left + 30, right - 30].map((x) =>
            arrow(
                [
                    [x < middle ? middle - 60 : middle + 60, 221],
                    [x, 265],
                ],
                "spire",
            ),
        ),
        ...card([left - 16, 390], "cilium-operator", "admin at the server", "cilium", 170),
        ...card([left + 180, 390], "your app", "if it wants a SPIFFE ID", "pod", 178),
        ...card([right - 30, 390], "Cilium agent", "the one delegate", "cilium"),
        arrow(
            [
                [left - 16, 363],
                [left + 6, 315],
            ],
            "cilium",
        ),
        arrow(
            [
                [left + 160, 363],
                [left + 80, 315],
            ],
            "pod",
        ),
        arrow(
            [
                [right - 30, 363],
                [right - 30, 315],
            ],
            "cilium",
        ),
        arrow(
            [
                [left - 101, 390],
                [22, 390],
                [22, 42],
                [middle - 96, 42],
            ],
            "cilium",
        ),
        label([36, 64], "writes /identity/&lt;n&gt;", 13, "muted"),
        arrow(
            [
                [right + 66, 390],
                [794, 390],
            ],
            "cilium",
            both("cilium"),
        ),
        label([right - 98, 434], "handshakes: TCP 4250", 12, "muted"),
    ]);
}

/** What happens at the first packet of a pair. */
function packet(name: ThemeName): string {
    const { card, frame, arrow, text, heads } = shapes(name);
    const theme = THEMES[name];
    const lanes: [string, string, Colour][] = [
        ["pod A", "node 1", "pod"],
        ["Cilium agent", "node 1", "cilium"],
        ["Cilium agent", "node 2", "cilium"],
        ["datapath", "node 2, before pod B", "pod"],
    ];
    const x = (lane: number) => 100 + lane * 200;
    const messages: [from: number, to: number, what: string, Colour][] = [
        [0, 3, "SYN to pod B, whose policy says: authentication required", "pod"],
        [3, 2, "not in the auth map: drop, and tell", "cilium"],
        [2, 1, "TLS, port 4250, asks for A’s identity by number", "cilium"],
        [1, 2, "SVID of A’s identity; SVID of B’s in return", "cilium"],
        [2, 3, "the pair into the auth map, until the SVIDs expire", "cilium"],
        [0, 3, "the SYN again, by TCP itself: passes, and so do all that follow", "pod"],
    ];
    const [top, first, distance] = [48, 126, 54];
    const bottom = first + distance * (messages.length - 1) + 24;
    return svg("What happens at the first packet between two pods", bottom + 8, [
        heads("pod", "cilium"),
        ...frame([4, 4], [WIDTH - 8, bottom], ""),
        ...lanes.flatMap(([title, where, colour], i) => [
            `<path d="M${x(i)} ${top + 27}V${bottom}" stroke="${theme.border}" stroke-width="1.5" stroke-dasharray="4 4"/>`,
            ...card([x(i), top], title, where, colour, 168),
        ]),
        ...messages.flatMap(([from, to, what, colour], i) => {
            const y = first + i * distance;
            const toward = Math.sign(to - from);
            const centre = (x(from) + x(to)) / 2;
            return [
                arrow(
                    [
                        [x(from) + toward * 4, y],
                        [x(to) - toward * 6, y],
                    ],
                    colour,
                ),
                `<rect x="${centre - what.length * 3.4}" y="${y - 22}" width="${what.length * 6.8}" height="16" fill="${theme.node}"/>`,
                text([centre, y - 10], what, 13, "text"),
            ];
        }),
    ]);
}

/** The pictures by name, each for a theme. */
export const DRAWINGS: Record<string, (theme: ThemeName) => string> = { order, sockets, packet };

/** Where the picture of a theme is, from the repository's root. */
export const drawingFile = (drawing: string, theme: ThemeName) =>
    `docs/pictures/${drawing}-${theme}.svg`;

if (require.main === module) {
    for (const [drawing, draw] of Object.entries(DRAWINGS)) {
        for (const theme of themes)
            writeFileSync(join(process.cwd(), drawingFile(drawing, theme)), draw(theme));
    }
}
