import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import { tryLock } from "../../../../sandbox/host/lock";
import { run } from "../../../../sandbox/host/shell";

const cacheHome = mkdtempSync(join(tmpdir(), "cache-test-"));
process.env.XDG_CACHE_HOME = cacheHome;
// Which reads it when it is loaded.
import { cached, contentKey } from "../../../../sandbox/build/cache";

after(() => rmSync(cacheHome, { recursive: true }));

test("a key depends on every part of the content and on nothing else", () => {
    const key = contentKey({ files: ["a", "b"], tags: "x" });
    assert.equal(contentKey({ files: ["a", "b"], tags: "x" }), key);
    assert.notEqual(contentKey({ files: ["ab"], tags: "x" }), key);
    assert.notEqual(contentKey({ files: ["a", "b"], tags: "y" }), key);
});

test("equal inputs are made once, other inputs beside them", async () => {
    let calls = 0;
    const make = (dir: string) => writeFile(join(dir, "result"), String(++calls));
    const first = await cached("thing", { v: 1 }, make);
    assert.equal(await cached("thing", { v: 1 }, make), first);
    assert.equal(calls, 1);
    assert.notEqual(await cached("thing", { v: 2 }, make), first);
    assert.ok(existsSync(join(first, "result")));
});

test("a failed build leaves nothing behind", async () => {
    const fail = async (dir: string) => {
        await writeFile(join(dir, "half"), "");
        throw new Error("no compiler");
    };
    await assert.rejects(cached("broken/thing", {}, fail), /no compiler/);
    assert.deepEqual(readdirSync(join(cacheHome, "cilium-spire", "broken")), []);
});

/** Hours after which nobody can be about to use what was asked for. */
const OLD = 2;

function age(dir: string, hours: number): void {
    const then = new Date(Date.now() - hours * 3_600_000);
    utimesSync(dir, then, then);
}

describe("of large directories", () => {
    let made = 0;
    /** One directory for each age in hours, of a name of its own. */
    async function aged(...ages: number[]) {
        const name = `large-${++made}`;
        const make = () => Promise.resolve();
        const dirs: string[] = [];
        for (const [v, hours] of ages.entries()) {
            dirs.push(await cached(name, { v }, make));
            age(dirs[v]!, hours);
        }
        const there = () => dirs.map((dir) => existsSync(dir));
        return { cached, name, make, dirs, there };
    }

    test("those that were asked for last are kept", async () => {
        const { cached, name, make, dirs, there } = await aged(OLD, OLD + 2, OLD + 1);
        const other = await cached("large", { v: 1 }, make);
        age(other, 100);
        await cached(name, { v: "new" }, make, { last: 2 });
        assert.deepEqual(there(), [true, false, false]);
        assert.ok(existsSync(other), "another name");
        assert.ok(
            dirs.every(
                (dir) => !readdirSync(join(dir, "..")).includes(`.removing-${basename(dir)}`),
            ),
        );
    });

    test("asking is using", async () => {
        const { cached, name, make, there } = await aged(OLD + 9, OLD, OLD);
        const fail = () => Promise.reject(new Error("it is there"));
        await cached(name, { v: 0 }, fail, { last: 1 });
        assert.deepEqual(there(), [true, false, false]);
        await cached(name, { v: 1 }, make, { last: 1 });
        assert.deepEqual(there(), [true, true, false], "the first was asked for just now");
    });

    test("one in use stays, however old", async () => {
        const { cached, name, make, dirs, there } = await aged(OLD, 1000, OLD + 1);
        const isUsed = (dir: string) => Promise.resolve(dir === dirs[1]);
        await cached(name, { v: "new" }, make, { last: 1, isUsed });
        assert.deepEqual(there(), [false, true, false]);
    });

    test("one that another process asks for or makes stays", async () => {
        const { cached, name, make, dirs, there } = await aged(OLD, OLD);
        const release = await tryLock(contentKey(dirs[0]));
        await cached(name, { v: "new" }, make, { last: 1 });
        assert.deepEqual(there(), [true, false]);
        release!();
    });

    test("what a killed removal left is removed, what is being made is not", async () => {
        const { cached, name, make, dirs } = await aged(OLD);
        const [left, making] = ["removing", "making"].map((word) =>
            join(dirs[0]!, "..", `.${word}-${name}-0123456789abcdef`),
        ) as [string, string];
        mkdirSync(left);
        mkdirSync(making);
        await cached(name, { v: "new" }, make, { last: 9 });
        assert.deepEqual([left, making, dirs[0]!].map(existsSync), [false, true, true]);
    });

    test("processes that ask and remove at once each have what they asked for", async () => {
        const { name, dirs } = await aged(...Array.from({ length: 8 }, () => OLD));
        const script = `
            const { cached } = require(process.argv[1]);
            const { existsSync } = require("node:fs");
            const ask = async (v) => {
                const dir = await cached(process.argv[2], { v }, async () => {}, { last: 1 });
                if (!existsSync(dir)) throw new Error(dir + " was removed");
            };
            Promise.all(process.argv.slice(3).map((v) => ask(Number(v))));`;
        const module = join(__dirname, "../../../../sandbox/build/cache.js");
        const ask = (...which: number[]) =>
            run(process.execPath, ["-e", script, module, name, ...which.map(String)]);
        await Promise.all([ask(0, 1, 2, 20), ask(2, 3, 0, 21), ask(1, 3, 4, 20)]);
        const asked = [0, 1, 2, 3, 4];
        assert.ok(asked.every((v) => existsSync(dirs[v]!)));
        assert.deepEqual(
            [5, 6, 7].map((v) => existsSync(dirs[v]!)),
            [false, false, false],
        );
    });
});
