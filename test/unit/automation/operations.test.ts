import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withTable } from "../../../automation/matrix";
import { operationsTable, readOperations } from "../../../automation/operations";
import { repositoryRoot } from "../../../sandbox/host/paths";

test("a row has the time, the count of requests by their fate, and the gaps", () => {
    const counts = { sent: 100, answered: 96, refused: 1, lost: 3 };
    const gaps = { longestGapSeconds: 2.4, plainGapSeconds: 1 };
    const result = { operation: "SPIRE 1.13.3 to 1.14.5", seconds: 21.3, ...counts, ...gaps };
    assert.equal(
        operationsTable([result]).split("\n").at(-1),
        "| SPIRE 1.13.3 to 1.14.5 | 21 s | 100 | 96 | 1 | 3 | 2.4 s | 1.0 s |",
    );
    const { plainGapSeconds: _, ...without } = result;
    assert.match(operationsTable([without]), /\| 2\.4 s \| not measured \|$/);
});

test("docs/operations.md has the table of the results, and every request is counted", () => {
    const text = readFileSync(join(repositoryRoot, "docs", "operations.md"), "utf8");
    const results = readOperations();
    assert.ok(results.length > 5, `${results.length} operations`);
    assert.equal(withTable(text, operationsTable(results), "operations"), text);
    for (const { operation, sent, answered, refused, lost } of results) {
        assert.equal(answered + refused + lost, sent, operation);
    }
});
