/** What the command prints arrives whole, however slowly it is read. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { repositoryRoot } from "../../../sandbox/host/paths";

/** Together more than a pipe holds. */
const ERRORS = 3000;

test("a long output reaches a slow reader to its end", async () => {
    const diagnostics = Array.from({ length: ERRORS }, (_, i) => ({
        severity: "error",
        message: `the object config-${i} cannot be written: ${"x".repeat(60)}`,
    }));
    const program = join(repositoryRoot, "cli", "run.js");
    const slowly = 'node "$0" diff - --format json | { sleep 6; cat; }';
    const { stdout } = await execa("bash", ["-c", slowly, program], {
        input: JSON.stringify({ diagnostics }),
    });
    const { errors } = JSON.parse(stdout) as { errors: string[] };
    assert.equal(errors.length, ERRORS);
});
