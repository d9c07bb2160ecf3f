import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { reference } from "../../../docs/reference";

test("docs/reference.md is what the settings say", () => {
    const file = readFileSync(join(repositoryRoot, "docs", "reference.md"), "utf8");
    assert.equal(file, reference(), "stale: run npm run -s reference");
});

test("every key has a meaning", () => {
    const rows = reference()
        .split("\n")
        .filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 50, `${rows.length} rows`);
    assert.deepEqual(
        rows.filter((line) => line.endsWith("|  |")),
        [],
    );
});
