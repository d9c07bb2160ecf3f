/** A folder of a rendering: only what is ours is written, changed and removed. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { inspect, MARKER, write } from "../../../gitops/directory";
import type { EntryIds } from "../../../gitops/entries";
import { ID } from "./settings";

const IDS: EntryIds = { entries: ["a.cluster.x"], removed: [] };

let top: string;
let dir: string;

beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), "cilium-spire-directory-"));
    dir = join(top, "new", "folder");
});
afterEach(() => rm(top, { recursive: true }));

/** Renders these files, as the command does. */
async function rendered(files: Record<string, string>, ids = IDS) {
    return await write(dir, new Map(Object.entries(files)), ID, ids, await inspect(dir, ID));
}

async function allFiles(): Promise<string[]> {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.map((e) => join(e.parentPath, e.name).slice(dir.length + 1)).sort();
}

test("a folder is made, and what is the same is not written again", async () => {
    const files = { "m/a.yaml": "a", "m/b.yaml": "b" };
    const first = await rendered(files);
    assert.deepEqual(first, { written: ["m/a.yaml", "m/b.yaml"], removed: [], unchanged: 0 });
    const time = async (file: string) => (await stat(join(dir, file), { bigint: true })).mtimeNs;
    const before = [await time("m/a.yaml"), await time(MARKER)];
    assert.deepEqual(await rendered(files), { written: [], removed: [], unchanged: 2 });
    assert.deepEqual([await time("m/a.yaml"), await time(MARKER)], before);
});

test("what has changed is written, what is gone is removed, with its folder", async () => {
    await rendered({ "m/a.yaml": "a", "m/b.yaml": "b", "old/deep/c.yaml": "c" });
    const result = await rendered({ "m/a.yaml": "A", "m/b.yaml": "b" });
    assert.deepEqual(result, {
        ...{ written: ["m/a.yaml"], removed: ["old/deep/c.yaml"], unchanged: 1 },
    });
    assert.equal(await readFile(join(dir, "m/a.yaml"), "utf8"), "A");
    assert.deepEqual(await allFiles(), [MARKER, "m", "m/a.yaml", "m/b.yaml"]);
});

test("the IDs of entries are remembered, those that are gone too", async () => {
    await rendered({}, { entries: ["a"], removed: ["b"] });
    assert.deepEqual((await inspect(dir, ID)).formerly, ["a", "b"]);
});

test("a rendering that was killed in the middle is taken up", async () => {
    await rendered({ "a.yaml": "a", "b.yaml": "b" });
    const marker = JSON.parse(await readFile(join(dir, MARKER), "utf8")) as object;
    // First the list is of old and new files, then come the files.
    const files = ["a.yaml", "b.yaml", "c.yaml"];
    await writeFile(join(dir, MARKER), JSON.stringify({ ...marker, files }));
    await writeFile(join(dir, "c.yaml"), "hal");
    await rendered({ "b.yaml": "B", "c.yaml": "c" });
    assert.deepEqual(await allFiles(), ["b.yaml", "c.yaml", MARKER]);
});

test("a folder with files of others is refused, and stays as it is", async () => {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "notes.txt"), "mine");
    await assert.rejects(
        inspect(dir, ID),
        /has files that "render" did not write, such as notes\.txt/,
    );
    assert.deepEqual(await allFiles(), ["notes.txt"]);
});

test("so is a rendered one to which others have added a file or a link", async () => {
    await rendered({ "m/a.yaml": "a" });
    await writeFile(join(dir, "m", "mine.yaml"), "mine");
    await symlink("/etc/passwd", join(dir, "m", "link.yaml"));
    await assert.rejects(
        rendered({ "m/a.yaml": "A" }),
        /would apply them with its own: m\/link\.yaml, m\/mine\.yaml; move them/,
    );
    assert.equal(await readFile(join(dir, "m/a.yaml"), "utf8"), "a");
});

test("so is one of another stack, and one whose list of files cannot be trusted", async () => {
    await rendered({ "a.yaml": "a" });
    const other = { ...ID, stack: "dev" };
    await assert.rejects(inspect(dir, other), /rendered from cilium-spire\.prod, not from .*\.dev/);
    const marker = join(dir, MARKER);
    const text = await readFile(marker, "utf8");
    for (const path of ["../x", "/etc/passwd", "a/../../x", "..\\x"]) {
        await writeFile(marker, text.replace("a.yaml", path.replaceAll("\\", "\\\\")));
        await assert.rejects(inspect(dir, ID), /is not as "render" writes it/, path);
    }
});
