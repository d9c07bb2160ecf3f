import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

// What is compiled of Go's own packages is worth keeping.
process.env.GOCACHE ??= execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
const home = mkdtempSync(join(tmpdir(), "go-build-test-"));
process.env.XDG_CACHE_HOME = home;
// Which reads it when it is loaded.
import { goBuild, memoryFor } from "../../../../sandbox/build/goBuild";

// The Go tool leaves a process behind that writes there for a moment.
after(() => rmSync(home, { recursive: true, maxRetries: 10 }));

/** A module of one program. */
function program(body: string) {
    const cwd = mkdtempSync(join(home, "module-"));
    writeFileSync(join(cwd, "go.mod"), "module example.test/tool\n\ngo 1.26\n");
    writeFileSync(join(cwd, "main.go"), `package main\n\nfunc main() { ${body} }\n`);
    return { name: "a tool 1.0", cwd, packages: ["."], flags: [] };
}

test("a program is built, and what the Go tool wrote is in a log", async () => {
    const target = mkdtempSync(join(home, "target-"));
    await goBuild(program(`println("hello")`), target);
    assert.deepEqual(readdirSync(target), ["tool"]);
    assert.match(
        readFileSync(join(home, "cilium-spire", "logs", "a-tool-1.0.log"), "utf8"),
        /^example\.test\/tool$/m,
    );
});

test("a failed build names its log, and shows what the compiler said", async () => {
    const target = mkdtempSync(join(home, "target-"));
    await assert.rejects(goBuild(program("undefinedFunction()"), target), (error: Error) => {
        assert.match(
            error.message,
            /^building a tool 1\.0 failed, its log is .*\/logs\/a-tool-1\.0\.log\n/,
        );
        assert.match(error.message, /main\.go:3:\d+: undefined: undefinedFunction/);
        assert.doesNotMatch(error.message, /^example\.test\/tool$/m);
        return true;
    });
});

test("a module that cannot be had is named before anything is compiled", async () => {
    const wanted = { ...program(""), packages: ["example.test/absent"] };
    await assert.rejects(goBuild(wanted, home), /its log is [^]*example\.test\/absent/);
});

test("processes of the Go tool get memory in place of garbage collection where there is enough", () => {
    assert.deepEqual(memoryFor(2, 24e9), { GOGC: "off", GOMEMLIMIT: "4000000000B" });
    assert.deepEqual(memoryFor(2, 6e9), {});
    assert.deepEqual(memoryFor(16, 32e9), {});
});
