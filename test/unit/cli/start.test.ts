/** What the command loads before it does anything. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";

const MAIN = join(__dirname, "..", "..", "..", "cli", "main.js");

/** Packages that a process has loaded once it has required a module. */
async function loadedWith(module: string): Promise<Set<string>> {
    const script = "require(process.argv[1]); console.log(Object.keys(require.cache).join('\\n'))";
    const { stdout } = await execa(process.execPath, ["-e", script, module]);
    const names = stdout.matchAll(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g);
    return new Set([...names].map(([, name]) => name!));
}

test("it does without Pulumi, which would double the time of its start", async () => {
    const loaded = await loadedWith(MAIN);
    assert.ok(loaded.has("commander"));
    assert.deepEqual(
        [...loaded].filter((name) => name.startsWith("@pulumi/")),
        [],
    );
    const program = join(__dirname, "..", "..", "..", "components", "spire", "server.js");
    assert.ok((await loadedWith(program)).has("@pulumi/pulumi"), "Pulumi would not be seen");
});
