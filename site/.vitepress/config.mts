/** The site: `npm run -s site` builds it into site/dist, from the Markdown where it is. */
import { globSync } from "node:fs";
import { dirname, join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { Links, slugify } from "../markdown.js";
import { addressOf, HOME, PAGES, SIDEBAR } from "../sidebar.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const links = new Links(root);

/** Everything that is a page has been named. */
const others = globSync("**/*.md", { cwd: root, exclude: ["**/node_modules", ".git"] }).filter(
    (file) => !PAGES.some((page) => matchesGlob(file, page)),
);

/** What Shiki has no grammar of: enough to read the rules of docs/alerts.md by. */
const PROMQL = {
    name: "promql",
    scopeName: "source.promql",
    repository: {},
    patterns: [
        { match: '"[^"]*"', name: "string.quoted" },
        { match: "\\b(absent|and|by|increase|max|min|on|or|rate|sum|unless)\\b", name: "keyword" },
    ],
};

export default defineConfig({
    title: "cilium-spire",
    description:
        "Mutual authentication between pods: Cilium enforces it, a SPIRE you own issues the identities",
    lang: "en",
    srcDir: root,
    srcExclude: others,
    rewrites: { [HOME]: "index.md" },
    outDir: join(root, "site/dist"),
    cacheDir: join(root, "node_modules/.cache/vitepress"),
    cleanUrls: false,
    markdown: {
        anchor: { slugify },
        config: (markdown) => {
            markdown.core.ruler.push("repository", links.rule);
        },
        languages: [PROMQL],
        theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    },
    buildEnd: ({ outDir }) => links.copyTo(outDir),
    themeConfig: {
        nav: [
            { text: "Tutorial", link: "/docs/tutorial" },
            { text: "Your cluster", link: "/docs/own-cluster" },
            { text: "Configuration", link: "/docs/reference" },
        ],
        sidebar: SIDEBAR.map(({ text, pages }) => ({
            text,
            items: pages.map(({ text, file }) => ({ text, link: addressOf(file) })),
        })),
        outline: [2, 3],
        search: { provider: "local" },
        externalLinkIcon: true,
    },
});
