/** What makes pages of Markdown that is written for GitHub: its links, anchors and pictures. */
import { existsSync, statSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { dirname, join, matchesGlob, posix } from "node:path";
import { slug } from "github-slugger";
import type { Token } from "markdown-it";
import { HOME, PAGES } from "./sidebar";

/** Where the site has the sources that its pages link. */
const SOURCES = "source";
const EXTERNAL = /^(?:[a-z]+:|\/\/)/;
const PICTURE =
    /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img src="([^"]+)"([^>]*)>\s*<\/picture>/g;

/** An anchor as GitHub makes it, so that a link holds in both places. */
export const slugify = (heading: string): string => slug(heading);

/** A core rule for markdown-it, and what has to be copied for the links that it found. */
export class Links {
    private readonly sources = new Set<string>();

    /** @param root of the repository. */
    constructor(private readonly root: string) {}

    /** Sends links to sources to their copies, and pictures for two themes to the theme that the reader has chosen. */
    readonly rule = ({ tokens, env }: { tokens: Token[]; env: unknown }): void => {
        const { path } = env as { path: string };
        const folder = posix.relative(this.root, dirname(path));
        for (const token of tokens.flatMap((t) => [t, ...(t.children ?? [])])) {
            if (token.type === "link_open") this.follow(token, folder);
            if (token.type.startsWith("html")) token.content = themed(token.content);
        }
    };

    /** Copies the sources into the built site. */
    async copyTo(dist: string): Promise<void> {
        for (const file of this.sources) {
            const copy = join(dist, SOURCES, `${file}.txt`);
            await mkdir(dirname(copy), { recursive: true });
            await cp(join(this.root, file), copy);
        }
    }

    private follow(token: Token, folder: string): void {
        const href = token.attrGet("href")!;
        const [path, anchor] = href.split("#");
        if (EXTERNAL.test(href) || path === "") return;
        const target = posix.join(folder, decodeURI(path!));
        if (PAGES.some((pattern) => matchesGlob(target, pattern))) {
            if (target !== HOME) return;
            token.attrSet("href", anchor === undefined ? "/" : `/#${anchor}`);
            return;
        }
        const file = join(this.root, target);
        if (!existsSync(file) || !statSync(file).isFile()) {
            throw new Error(`${href}, linked in ${folder || "the root"}, is no page and no file`);
        }
        this.sources.add(target);
        // As text: browsers take .ts for a film.
        token.attrSet("href", `/${SOURCES}/${target}.txt`);
        token.attrSet("target", "_blank");
    }
}

/** A picture that follows the system on GitHub follows the site's switch here (theme/style.css). */
function themed(html: string): string {
    const image = (source: string, theme: string, rest: string) =>
        `<img class="only-${theme}" src="./${source}"${rest}>`;
    return html.replaceAll(PICTURE, (_, dark: string, light: string, rest: string) => {
        const both = image(light, "light", rest) + image(dark, "dark", rest);
        return `<span class="picture">${both}</span>`;
    });
}
