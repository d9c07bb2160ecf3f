import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const cacheHome = mkdtempSync(join(tmpdir(), "cache-test-"));
process.env.XDG_CACHE_HOME = cacheHome; // read when the module is loaded
after(() => rmSync(cacheHome, { recursive: true }));

async function load(): Promise<typeof import("../../../../sandbox/build/cache.js")> {
    return import("../../../../sandbox/build/cache.js");
}

test("a key depends on every part of the content and on nothing else", async () => {
    const { contentKey } = await load();
    const key = contentKey({ files: ["a", "b"], tags: "x" });
    assert.equal(contentKey({ files: ["a", "b"], tags: "x" }), key);
    assert.notEqual(contentKey({ files: ["ab"], tags: "x" }), key);
    assert.notEqual(contentKey({ files: ["a", "b"], tags: "y" }), key);
});

test("equal inputs are made once, other inputs beside them", async () => {
    const { cached } = await load();
    let calls = 0;
    const make = (dir: string) => writeFile(join(dir, "result"), String(++calls));
    const first = await cached("thing", { v: 1 }, make);
    assert.equal(await cached("thing", { v: 1 }, make), first);
    assert.equal(calls, 1);
    assert.notEqual(await cached("thing", { v: 2 }, make), first);
    assert.ok(existsSync(join(first, "result")));
});

test("a failed build leaves nothing behind", async () => {
    const { cached } = await load();
    const fail = async (dir: string) => {
        await writeFile(join(dir, "half"), "");
        throw new Error("no compiler");
    };
    await assert.rejects(cached("broken/thing", {}, fail), /no compiler/);
    assert.deepEqual(readdirSync(join(cacheHome, "cilium-spire", "broken")), []);
});
