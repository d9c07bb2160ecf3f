/** A backup's file is whole, private, and never written over another by mistake. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { requireFree, writeWhole } from "../../../backup/file";

let dir: string;
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-file-"));
});
after(async () => {
    await rm(dir, { recursive: true });
});

test("only its owner may read it, whatever the umask, and nothing else is left", async () => {
    const path = join(dir, "new");
    const before = process.umask(0);
    try {
        await writeWhole(path, "text", false);
    } finally {
        process.umask(before);
    }
    assert.equal(await readFile(path, "utf8"), "text");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dir), ["new"]);
});

test("a file that is there stays, unless it shall be replaced, and is private then", async () => {
    const path = join(dir, "old");
    await writeFile(path, "old", { mode: 0o644 });
    assert.throws(() => requireFree(path, false), /old is there already: .* --force/);
    requireFree(path, true);
    await assert.rejects(writeWhole(path, "new", false), /old is there already/);
    assert.equal(await readFile(path, "utf8"), "old");
    await writeWhole(path, "new", true);
    assert.equal(await readFile(path, "utf8"), "new");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("of two who write at once, one fails and the other's text is whole", async () => {
    const path = join(dir, "raced");
    const texts = ["a", "b"].map((letter) => letter.repeat(1_000_000));
    const results = await Promise.allSettled(texts.map((text) => writeWhole(path, text, false)));
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const winner = results.findIndex(({ status }) => status === "fulfilled");
    assert.equal(await readFile(path, "utf8"), texts[winner]);
});

test("a folder that is not there is told, and no file is left of a failure", async () => {
    assert.throws(() => requireFree(join(dir, "none", "x"), false), /none does not exist; make/);
    await assert.rejects(writeWhole(join(dir, "none", "x"), "text", false), /ENOENT/);
    await assert.rejects(writeWhole(dir, "text", true), /EISDIR|ENOTEMPTY|EEXIST/);
    const left = await readdir(join(dir, ".."));
    assert.deepEqual(
        left.filter((name) => dir.endsWith(name.slice(0, 20)) && name.includes(".")),
        [],
    );
});
