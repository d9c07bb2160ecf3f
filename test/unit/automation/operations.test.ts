import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { operationsTable, readRecorded, withTables } from "../../../automation/operationsRecord";
import { ALERTS } from "../../../components/observability/alerts";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { faultsOf } from "../../operations/faults";

const recorded = readRecorded();

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

test("docs/operations.md has the tables of what was seen", () => {
    const text = readFileSync(join(repositoryRoot, "docs", "operations.md"), "utf8");
    assert.equal(withTables(text, recorded), text);
});

describe("seen on a real stack, by make operations", () => {
    for (const { operation, sent, answered, refused, lost } of recorded.operations) {
        test(`${operation}: every request is counted`, () => {
            assert.ok(sent > 0);
            assert.equal(answered + refused + lost, sent);
        });
    }
    for (const { name } of ALERTS) {
        test(`${name} fired on a fault, and was over with its cure`, () => {
            assert.ok(recorded.alerts.some(({ alert }) => alert === name));
        });
    }
    const world = () => assert.fail("a fault is made only when its test runs");
    for (const { trouble, name } of faultsOf(world)) {
        test(`${name}: found, and healed by its cure`, () => {
            const seen = recorded.findings.find(({ fault }) => fault === name);
            assert.equal(seen?.finding, trouble);
        });
    }
});
