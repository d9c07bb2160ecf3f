import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DOCUMENTS, readResults, table, withTable } from "../../../automation/matrix";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { wantedVersions } from "../../../sandbox/build/versions";

const result = { kubernetes: "1.34.2", date: "2026-01-01", passed: true };

test("the table has a row per Cilium and a column per SPIRE, and says what failed and what was not run", () => {
    const rows = table([
        { ...result, cilium: "1.20.2", spire: "1.9.6" },
        { ...result, cilium: "1.9.6", spire: "1.10.4", passed: false },
    ]).split("\n");
    assert.deepEqual(rows, [
        "| | SPIRE 1.9.6 | SPIRE 1.10.4 |",
        "| --- | --- | --- |",
        "| Cilium 1.9.6 | not run | failed |",
        "| Cilium 1.20.2 | proven, Kubernetes 1.34.2 | not run |",
    ]);
});

test("a text without markers is refused", () => {
    assert.throws(() => withTable("text", ""), /no <!-- matrix:begin -->/);
});

test("the documents have the table of the results, and the default pair is proven", () => {
    const results = readResults();
    for (const document of DOCUMENTS) {
        const text = readFileSync(join(repositoryRoot, document), "utf8");
        assert.equal(withTable(text, table(results)), text);
    }
    const { cilium, spire } = wantedVersions();
    assert.ok(results.some((r) => r.cilium === cilium && r.spire === spire && r.passed));
});
