/**
 * `make operations`: the tests of what is done on a stack that lives. What they measure goes to docs/operations.json, and as tables
 * into docs/operations.md. Together they take longer than CI has, so `make test` is without them.
 *
 * Arguments: which to run, such as `13-doctor`; all when there are none.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { program } from "commander";
import { execa } from "execa";
import { clearRecorded, KEEP, writeTables } from "./operationsRecord";

const DEADLINE_MS = 150 * 60_000;

async function main(wanted: string[]): Promise<void> {
    const folder = join(__dirname, "../test/operations");
    const names = globSync(join(folder, "*.test.js")).map((file) => basename(file, ".test.js"));
    const unknown = wanted.filter((name) => !names.includes(name));
    if (unknown.length > 0)
        throw new Error(`no ${unknown.join(", ")}; there are ${names.join(", ")}`);
    const chosen = wanted.length > 0 ? wanted : names;
    if (wanted.length === 0) clearRecorded();
    const files = chosen.sort().map((name) => join(folder, `${name}.test.js`));
    const { exitCode = 1 } = await execa(
        process.execPath,
        ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files],
        { env: { [KEEP]: "yes" }, stdio: "inherit", timeout: DEADLINE_MS, reject: false },
    );
    writeTables();
    process.exitCode = exitCode;
}

program.argument("[test...]", "names of tests; all when there are none").action(main);
program.parseAsync().catch((error: unknown) => {
    console.error(messageOf(error));
    process.exitCode = 1;
});
