/** The site has every document once, and makes of links and pictures what a site needs (site/). */
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import MarkdownIt from "markdown-it";
import { Links, slugify } from "../../../site/markdown";
import { BESIDE, SIDEBAR } from "../../../site/sidebar";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { blocksOf, read } from "../../support/markdown";

test("every document of docs/ is in the sidebar, once", () => {
    const listed = SIDEBAR.flatMap(({ pages }) => pages.map(({ file }) => file));
    assert.equal(new Set(listed).size, listed.length);
    const missing = listed.filter((file) => !existsSync(join(repositoryRoot, file)));
    assert.deepEqual(missing, [], "site/sidebar.ts names what is not there");
    const documents = globSync("docs/*.md", { cwd: repositoryRoot });
    const forgotten = documents.filter((file) => !listed.includes(file));
    assert.deepEqual(forgotten, [], "add it to site/sidebar.ts");
});

test("pages beside the sidebar are there", () => {
    for (const pattern of BESIDE) {
        assert.ok(globSync(pattern, { cwd: repositoryRoot }).length > 0, pattern);
    }
});

test("anchors are GitHub's", () => {
    assert.equal(slugify("Kubernetes 1.30 to 1.32"), "kubernetes-130-to-132");
    assert.equal(slugify("After an `up` that was killed"), "after-an-up-that-was-killed");
});

test("the tutorial shows the policy that it applies", () => {
    const file = "docs/tutorial.md";
    const shown = blocksOf(file, read(file)).filter(({ language }) => language === "yaml");
    assert.deepEqual(
        shown.map(({ text }) => text),
        [read("examples/tutorial/policy.yaml")],
    );
});

describe("Markdown", () => {
    let dist: string;
    const links = new Links(repositoryRoot);
    const markdown = new MarkdownIt({ html: true });
    markdown.core.ruler.push("repository", links.rule);
    const rendered = (text: string, file = "docs/a.md") =>
        markdown.render(text, { path: join(repositoryRoot, file) });

    before(async () => {
        dist = await mkdtemp(join(tmpdir(), "site-"));
    });
    after(() => rm(dist, { recursive: true }));

    test("links to pages stay, that to the README leads home", () => {
        assert.match(rendered("[a](security.md#a-pod)"), /href="security\.md#a-pod"/);
        assert.match(rendered("[a](../README.md#limits)"), /href="\/#limits"/);
        assert.match(rendered("[a](../README.md)"), /href="\/"/);
        assert.match(rendered("[a](https://example.org)"), /href="https:\/\/example\.org"/);
    });

    test("links to sources lead to copies of them", async () => {
        const html = rendered("[a](../rbac/up.yaml)");
        assert.match(html, /href="\/source\/rbac\/up\.yaml\.txt" target="_blank"/);
        await links.copyTo(dist);
        const copy = await readFile(join(dist, "source/rbac/up.yaml.txt"), "utf8");
        assert.equal(copy, read("rbac/up.yaml"));
    });

    test("links to nothing are refused", () => {
        assert.throws(() => rendered("[a](../nothing.ts)"), /nothing\.ts, linked in docs, is no/);
    });

    test("a picture for two themes becomes two pictures", () => {
        const html = rendered(
            `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="b-dark.svg">
  <img src="b-light.svg" alt="b">
</picture>
`,
        );
        assert.match(html, /<img class="only-light" src="\.\/b-light\.svg" alt="b">/);
        assert.match(html, /<img class="only-dark" src="\.\/b-dark\.svg" alt="b">/);
    });
});
