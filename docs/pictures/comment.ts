/** Draws a comment that `cilium-spire diff` wrote of a recorded preview: `npm run -s pictures`. A unit test refuses a stale file. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import MarkdownIt from "markdown-it";
import { FONT, MARKS, type ThemeName, THEMES, themes } from "./theme";

/** What is drawn. A preview of the main program, which test/recordPreviews.ts recorded. */
export const SOURCE = "test/golden/diff/upgrade.md";

const MONOSPACE = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, monospace";
const WIDTH = 860;
const MARGIN = 18;
/** Characters that fit into a line of prose, and of a fenced block: GitHub wraps the one and scrolls the other. */
const [PROSE, CODE] = [118, 108];
/** Lines of a fenced block that are drawn: who wants them all reads the source. */
const LINES = 23;
const DIFF = { "+": "added", "-": "removed", "!": "changed" } as const;

/** The comment as SVG. @param markdown as `asMarkdown` writes it. */
export function comment(name: ThemeName, markdown: string): string {
    const theme = THEMES[name];
    const drawn: string[] = [];
    let y = 66;

    const text = (
        x: number,
        content: string,
        size: number,
        more = "",
        colour: string = theme.text,
    ) =>
        `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}"${more}>${escaped(content)}</text>`;

    const prose = (content: string, { size = 14, indent = 0, more = "" } = {}) => {
        for (const line of wrapped(content, PROSE - indent / 8)) {
            drawn.push(text(MARGIN + indent, line, size, more));
            y += size + 7;
        }
    };

    const fence = (content: string) => {
        const all = content.trimEnd().split("\n");
        const rest = all.length > LINES ? [`  … and ${all.length - LINES} more lines`] : [];
        const lines = [...all.slice(0, LINES), ...rest];
        const top = y - 12;
        drawn.push(
            `<rect x="${MARGIN}" y="${top}" width="${WIDTH - 2 * MARGIN}" height="${lines.length * 18 + 18}" rx="6" fill="${theme.node}"/>`,
        );
        y = top + 22;
        for (const line of lines) {
            const kind = DIFF[line[0] as keyof typeof DIFF] as
                (typeof DIFF)[keyof typeof DIFF] | undefined;
            const { text: colour, back } = kind
                ? MARKS[name][kind]
                : { text: theme.text, back: "" };
            const shown = line.length > CODE ? `${line.slice(0, CODE)}…` : line;
            if (back) {
                drawn.push(
                    `<rect x="${MARGIN + 8}" y="${y - 13}" width="${WIDTH - 2 * MARGIN - 16}" height="18" fill="${back}"/>`,
                );
            }
            const font = ` font-family="${MONOSPACE}" xml:space="preserve"`;
            drawn.push(text(MARGIN + 12, shown, 12, font, colour));
            y += 18;
        }
        y += 22;
    };

    let [heading, bullet, folded] = [false, false, false];
    for (const { type, content, children } of new MarkdownIt({ html: true }).parse(markdown, {})) {
        if (type === "html_block") {
            // Folded, as GitHub shows it first.
            folded = content.startsWith("<details>");
            if (folded) prose(`▸ ${content.replace(/<[^>]*>/g, "").trim()}`);
        } else if (folded) continue;
        else if (type === "fence") fence(content);
        else if (type === "heading_open" || type === "heading_close")
            heading = type === "heading_open";
        else if (type === "list_item_open" || type === "list_item_close")
            bullet = type === "list_item_open";
        else if (type === "inline") {
            const words = (children ?? []).map((child) => child.content).join("");
            const bold = children?.some((child) => child.type === "strong_open") ?? false;
            const more = heading || bold ? ' font-weight="600"' : "";
            if (bullet)
                drawn.push(
                    `<circle cx="${MARGIN + 10}" cy="${y - 5}" r="2.5" fill="${theme.text}"/>`,
                );
            prose(words, { size: heading ? 18 : 14, indent: bullet ? 22 : 0, more });
            y += bullet ? 1 : 8;
        } else if (type === "bullet_list_close") y += 8;
    }
    const height = y - 4;
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}" role="img">`,
        "<title>What a pull request would change, as a comment</title>",
        `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6" fill="${theme.card}" stroke="${theme.border}"/>`,
        `<path d="M0.5 37.5H${WIDTH - 0.5}" stroke="${theme.border}"/>`,
        `<circle cx="${MARGIN + 9}" cy="19" r="9" fill="${theme.pulumi}"/>`,
        `<text x="${MARGIN + 26}" y="24" font-size="14" fill="${theme.muted}"><tspan font-weight="600" fill="${theme.text}">github-actions</tspan> commented</text>`,
        ...drawn,
        "</svg>",
        "",
    ].join("\n");
}

/** Lines of whole words. */
function wrapped(content: string, width: number): string[] {
    const lines = [""];
    for (const word of content.split(" ")) {
        const longer = `${lines.at(-1)!} ${word}`.trim();
        if (longer.length > width) lines.push(word);
        else lines[lines.length - 1] = longer;
    }
    return lines;
}

function escaped(content: string): string {
    return content.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Where the picture of a theme is, from the repository's root. */
export const commentFile = (name: ThemeName) => `docs/pictures/comment-${name}.svg`;

if (require.main === module) {
    const markdown = readFileSync(join(process.cwd(), SOURCE), "utf8");
    for (const name of themes) {
        writeFileSync(join(process.cwd(), commentFile(name)), comment(name, markdown));
    }
}
