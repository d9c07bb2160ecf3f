/** Draws what each policy of examples/policies lets through: `npm run -s pictures`. A unit test refuses a stale file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
    type Attempt,
    type Outcome,
    type Scene,
    type ScenePod,
    SCENES,
} from "../../examples/policies/scenes";
import { FONT, MARKS, type ThemeName, THEMES, themes } from "./theme";

const WIDTH = 760;
const [CARD, ROW, GAP, MARGIN] = [232, 50, 14, 10];

const WORDS: Record<Outcome, string> = {
    authenticated: "authenticated",
    exempt: "let in, not asked",
    unregistered: "no identity: dropped",
    unnamed: "not named: dropped",
};

/** The picture of a policy as SVG. */
export function policyPicture(name: ThemeName, { pods, attempts }: Scene): string {
    const theme = THEMES[name];
    const colours: Record<Outcome, string> = {
        authenticated: theme.spire,
        exempt: theme.pod,
        unregistered: MARKS[name].removed.text,
        unnamed: theme.muted,
    };
    const height = 2 * MARGIN + attempts.length * (ROW + GAP) - GAP;
    const top = (row: number) => MARGIN + row * (ROW + GAP);

    const card = (x: number, row: number, rows: number, [title, more]: readonly string[]) => {
        const tall = rows * (ROW + GAP) - GAP;
        const [centre, middle] = [x + CARD / 2, top(row) + tall / 2];
        return [
            `<rect x="${x}" y="${top(row)}" width="${CARD}" height="${tall}" rx="8" fill="${theme.card}" stroke="${theme.border}" stroke-width="1.5"/>`,
            `<text x="${centre}" y="${middle + (more ? -3 : 5)}" font-size="15" font-weight="600" fill="${theme.text}" text-anchor="middle">${title}</text>`,
            ...(more
                ? [
                      `<text x="${centre}" y="${middle + 15}" font-size="12" fill="${theme.muted}" text-anchor="middle">${more}</text>`,
                  ]
                : []),
        ];
    };

    const arrow = (row: number, { outcome, port }: Attempt) => {
        const y = top(row) + ROW / 2 + 5;
        const [from, to] = [MARGIN + CARD + 6, WIDTH - MARGIN - CARD - 6];
        const passes = outcome === "authenticated" || outcome === "exempt";
        const end = passes ? to : (from + to) / 2 + 8;
        const colour = colours[outcome];
        const dashes = passes ? "" : ' stroke-dasharray="6 4"';
        const cross = `M${end + 3} ${y - 6}l12 12m0 -12l-12 12`;
        const head = `M${end} ${y}l-9 -5v10z`;
        return [
            `<path d="M${from} ${y}H${end - (passes ? 8 : 0)}" stroke="${colour}" stroke-width="2"${dashes}/>`,
            passes
                ? `<path d="${head}" fill="${colour}"/>`
                : `<path d="${cross}" stroke="${colour}" stroke-width="2.5" fill="none"/>`,
            `<text x="${(from + to) / 2}" y="${y - 11}" font-size="12.5" font-weight="600" fill="${colour}" text-anchor="middle">${WORDS[outcome]}</text>`,
            `<text x="${(from + to) / 2}" y="${y + 18}" font-size="11" fill="${theme.muted}" text-anchor="middle">port ${port}</text>`,
        ];
    };

    const lines = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}" role="img">`,
        "<title>Who is let in by the policy, and who is refused</title>",
        `<rect width="${WIDTH}" height="${height}" rx="12" fill="${theme.node}"/>`,
        ...attempts.flatMap((attempt, row) => [
            ...spanOf(attempts, row, "from").flatMap((rows) =>
                card(MARGIN, row, rows, wordsOf(attempt.from, pods)),
            ),
            ...spanOf(attempts, row, "to").flatMap((rows) =>
                card(WIDTH - MARGIN - CARD, row, rows, wordsOf(attempt.to, pods)),
            ),
            ...arrow(row, attempt),
        ]),
        "</svg>",
        "",
    ];
    return lines.join("\n");
}

/** For how many rows a card stands that begins in this one; nothing where it has begun before. */
function spanOf(attempts: Attempt[], row: number, side: "from" | "to"): number[] {
    const same = (i: number) => attempts[i]?.[side] === attempts[row]![side];
    if (row > 0 && same(row - 1)) return [];
    let rows = 1;
    while (same(row + rows)) rows++;
    return [rows];
}

/** The title of a card, and by what the policy may know whom it stands for. */
function wordsOf(key: string, pods: Record<string, ScenePod>): readonly [string, string] {
    const pod = pods[key];
    if (!pod) return [key, "a Service"];
    const { app, account } = pod;
    const facts = [
        ...(app === undefined ? [] : [`app: ${app}`]),
        ...(account === undefined ? [] : [`service account ${account}`]),
    ];
    return [key, facts.join(", ")];
}

/** Where the picture of a policy is, from the repository's root. */
export const policyFile = (policy: string, name: ThemeName) =>
    `docs/pictures/policies/${policy}-${name}.svg`;

if (require.main === module) {
    for (const [policy, scene] of Object.entries(SCENES)) {
        for (const name of themes) {
            const file = join(process.cwd(), policyFile(policy, name));
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(file, policyPicture(name, scene));
        }
    }
}
