/** The built site in a real browser: every page as its readers see it, on a desk and on a phone, by day and by night. */
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { ensureChromium } from "../../sandbox/build/debian";
import { repositoryRoot } from "../../sandbox/host/paths";
import { run } from "../../sandbox/host/shell";
import { serve } from "../support/staticServer";

const DIST = join(repositoryRoot, "site/dist");
const SCRIPT = join(repositoryRoot, "test/site/inPage.js");
const DESK = { width: 1440, height: 900 };
const PHONE = { width: 375, height: 700 };
const DEADLINE_MS = 15_000;

/** What `inPage.js` tells of a page. */
interface Seen {
    links: string[];
    anchors: string[];
    pictures: { count: number; faults: string[] };
    /** By theme. */
    texts: Record<string, { read: number; faults: string[] }>;
    /** By width in pixels. */
    overflow: Record<string, string[]>;
}

let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let context: BrowserContext;
/** What went wrong in any page: requests to others, answers that are none, errors. */
const faults: string[] = [];
let pages: string[];

before(async () => {
    await run("npm", ["run", "-s", "site"], { cwd: repositoryRoot, timeoutMs: 180_000 });
    pages = globSync("**/*.html", { cwd: DIST })
        .filter((file) => file !== "404.html")
        .map((file) => `/${file.replace(/(^|\/)index\.html$/, "$1")}`)
        .sort();
    server = await serve(DIST);
    // Root, and a container, cannot have the browser's own sandbox; it sees nothing but these pages.
    browser = await chromium.launch({
        executablePath: await ensureChromium(),
        args: ["--no-sandbox"],
    });
    context = await browser.newContext({ viewport: DESK, colorScheme: "light" });
    context.setDefaultTimeout(DEADLINE_MS);
    await context.addInitScript({ path: SCRIPT });
    await context.route(
        (url) => url.origin !== server.url,
        (route) => {
            faults.push(`asked ${route.request().url()}`);
            return route.abort();
        },
    );
    context.on("response", (response) => {
        if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    context.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    context.on("weberror", (error) => faults.push(error.error().message));
});
after(async () => {
    await browser.close();
    server.close();
});

/** Opens a page, and waits until it answers to clicks. */
async function open(page: Page, path: string): Promise<void> {
    await page.goto(server.url + path);
    await page.locator(".VPSwitchAppearance[title]").first().waitFor({ state: "attached" });
}

async function ask<T>(page: Page, question: string): Promise<T> {
    return await page.evaluate<T>(`inPage.${question}()`);
}

async function look(page: Page, path: string): Promise<Seen> {
    await page.setViewportSize(DESK);
    await open(page, path);
    // A colour in the middle of its change is none.
    await page.addStyleTag({ content: "* { transition: none !important; }" });
    const links = await ask<string[]>(page, "links");
    const anchors = await ask<string[]>(page, "anchors");
    const texts: Seen["texts"] = {};
    const overflow: Seen["overflow"] = {};
    for (const theme of ["light", "dark"]) {
        const dark = theme === "dark";
        await page.evaluate(`document.documentElement.classList.toggle("dark", ${dark})`);
        texts[theme] = await ask(page, "unreadable");
    }
    await page.waitForFunction("[...document.images].every(({ complete }) => complete)");
    const pictures = await ask<Seen["pictures"]>(page, "pictures");
    for (const viewport of [DESK, PHONE]) {
        await page.setViewportSize(viewport);
        overflow[viewport.width] = await ask(page, "overflow");
    }
    return { links, anchors, pictures, texts, overflow };
}

describe("every page", () => {
    const seen = new Map<string, Seen>();

    before(async () => {
        const page = await context.newPage();
        for (const path of pages) seen.set(path, await look(page, path));
        await page.close();
    });

    /** What a question finds wrong, by page. */
    function wrong(question: (seen: Seen) => string[]): Record<string, string[]> {
        const found = [...seen].map(([path, each]) => [path, question(each)] as const);
        return Object.fromEntries(found.filter(([, list]) => list.length > 0));
    }

    test("is there: one for each of the documents", () => {
        assert.ok(pages.includes("/") && pages.includes("/docs/tutorial.html"));
        assert.ok(pages.length > 40, `${pages.length}`);
        assert.equal(seen.size, pages.length);
    });

    test("links only to pages, headings and files that there are", () => {
        const broken = wrong(({ links }) =>
            links.filter((link) => {
                const { origin, pathname, hash } = new URL(link);
                if (origin !== server.url) return !/^https:/.test(link);
                const target = seen.get(pathname);
                if (!target) return !existsSync(join(DIST, pathname));
                return hash !== "" && !target.anchors.includes(decodeURIComponent(hash.slice(1)));
            }),
        );
        assert.deepEqual(broken, {});
        const all = [...seen.values()].flatMap(({ links }) => links);
        assert.ok(all.some((link) => link.endsWith("/source/rbac/up.yaml.txt")));
    });

    for (const theme of ["light", "dark"]) {
        test(`can be read in the ${theme} theme`, () => {
            assert.deepEqual(
                wrong(({ texts }) => texts[theme]!.faults),
                {},
            );
            assert.deepEqual(
                wrong(({ texts }) => (texts[theme]!.read > 20 ? [] : ["hardly any text"])),
                {},
            );
        });
    }

    for (const { width } of [DESK, PHONE]) {
        test(`does not scroll sideways at ${width} pixels`, () => {
            assert.deepEqual(
                wrong(({ overflow }) => overflow[width]!),
                {},
            );
        });
    }

    test("shows its pictures, which have a text", () => {
        assert.deepEqual(
            wrong(({ pictures }) => pictures.faults),
            {},
        );
        assert.equal(seen.get("/docs/architecture.html")!.pictures.count, 3);
        assert.equal(seen.get("/")!.pictures.count, 1);
    });
});

test("search finds a page by a word, and opens it", async () => {
    const page = await context.newPage();
    await open(page, "/");
    await page.locator(".DocSearch-Button").click();
    await page.locator("#localsearch-input").fill("cert-manager");
    const results = page.locator("#localsearch-list a");
    await results.first().click();
    await page.waitForURL("**/docs/cert-manager.html*");
    await page.getByRole("heading", { level: 1, name: /cert-manager/ }).waitFor();
    await page.close();
});

test("the switch turns the page dark, pictures too, and the choice is kept", async () => {
    const page = await context.newPage();
    await open(page, "/");
    const state = async () => ({
        background: await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"),
        picture: await page.locator(".vp-doc img:visible").getAttribute("class"),
    });
    const light = await state();
    assert.equal(light.picture, "only-light");
    await page.locator(".VPNavBarAppearance .VPSwitchAppearance").click();
    await page.locator("html.dark").waitFor();
    const dark = await state();
    assert.equal(dark.picture, "only-dark");
    assert.notEqual(dark.background, light.background);
    await open(page, "/docs/tutorial.html");
    assert.equal(await page.locator("html.dark").count(), 1);
    await page.locator(".VPNavBarAppearance .VPSwitchAppearance").click();
    await page.close();
});

test("on a phone the menu opens, and leads to a page", async () => {
    const page = await context.newPage();
    await page.setViewportSize(PHONE);
    await open(page, "/");
    const menu = page.locator(".VPSidebar.open");
    assert.equal(await menu.count(), 0);
    await page.locator(".VPLocalNav button.menu").click();
    await menu.getByRole("link", { name: "Tutorial", exact: true }).click();
    await page.waitForURL("**/docs/tutorial.html");
    await page.locator(".VPNavBarHamburger").click();
    const link = page.locator(".VPNavScreen").getByRole("link", { name: "Configuration" });
    await link.click();
    await page.waitForURL("**/docs/reference.html");
    await page.close();
});

test("nobody but the server was asked, and no page complained", () => {
    assert.deepEqual(faults, []);
});
