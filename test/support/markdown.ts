/** What the tests of the documentation read out of Markdown files. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Slugger from "github-slugger";
import MarkdownIt, { type Token } from "markdown-it";
import { repositoryRoot } from "../../sandbox/host/paths";

/** A fenced block. */
export interface Block {
    /** Path of the document, from the repository's root. */
    file: string;
    /** Line of the document on which the block's text begins, from 1. */
    line: number;
    /** As written after the fence; empty when nothing is. */
    language: string;
    text: string;
}

/** A piece of text with its place, `file:line`. */
export interface Place {
    at: string;
    text: string;
}

const parser = new MarkdownIt({ html: true });

/** Every document of the repository, by its path from the root. */
export function documents(): string[] {
    return globSync("**/*.md", {
        cwd: repositoryRoot,
        // package/components.api.md is of api-extractor's making.
        exclude: ["**/node_modules", "bin", ".git", "test/golden", "package/*.api.md"],
    }).sort();
}

/** Every fenced block of every document. */
export function allBlocks(): Block[] {
    return documents().flatMap((file) => blocksOf(file, read(file)));
}

/** The fenced blocks of a text. */
export function blocksOf(file: string, text: string): Block[] {
    return parser
        .parse(text, {})
        .filter(({ type }) => type === "fence" || type === "code_block")
        .map(({ info, content, map }) => ({
            file,
            line: map![0] + 2,
            language: info.trim(),
            text: content,
        }));
}

/** Targets of links and images, those in HTML too. */
export function linksOf(file: string): Place[] {
    return inline(file).flatMap(({ token, at }) => {
        const target = token.attrGet("href") ?? token.attrGet("src");
        if (target !== null) return [{ at, text: target }];
        if (!token.type.startsWith("html")) return [];
        const attributes = token.content.matchAll(/\b(?:src|srcset|href)="([^"]*)"/g);
        return [...attributes].map(([, text]) => ({ at, text: text! }));
    });
}

/** What stands in backticks within a paragraph or a table. */
export function inlineCodeOf(file: string): Place[] {
    return inline(file)
        .filter(({ token }) => token.type === "code_inline")
        .map(({ token, at }) => ({ at, text: token.content }));
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(file: string): Set<string> {
    const slugger = new Slugger();
    const tokens = parser.parse(read(file), {});
    const headings = tokens.filter((_, i) => tokens[i - 1]?.type === "heading_open");
    return new Set(headings.map(({ content }) => slugger.slug(content.replaceAll("`", ""))));
}

/** The text of a file of the repository. */
export function read(file: string): string {
    return readFileSync(join(repositoryRoot, file), "utf8");
}

/** Tokens within blocks, each with the line of its block. */
function inline(file: string): { token: Token; at: string }[] {
    return parser.parse(read(file), {}).flatMap((token) => {
        const at = `${file}:${(token.map?.[0] ?? 0) + 1}`;
        return [token, ...(token.children ?? [])].map((child) => ({ token: child, at }));
    });
}
