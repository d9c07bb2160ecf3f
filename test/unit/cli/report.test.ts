/** What the doctor prints. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { test } from "node:test";
import { asJson, asText } from "../../../cli/report";
import type { Result } from "../../../doctor/examination";

const FINE: Result = { id: "a", name: "A", verdict: "ok", finding: "answers" };
const NOTED: Result = { id: "b", name: "B", verdict: "note", finding: "is odd", cure: "do x" };
const WRONG: Result = { id: "c", name: "C", verdict: "wrong", finding: "is gone", cure: "do y" };

const plain = (results: Result[]) => stripVTControlCharacters(asText(results));

test("text has a line a check, the cures, and the sum", () => {
    assert.equal(plain([FINE]), "ok     A: answers\nhealthy: 1 check");
    assert.equal(
        plain([FINE, NOTED]),
        "ok     A: answers\nnote   B: is odd\n       cure: do x\nhealthy: 2 checks, 1 with a note",
    );
    assert.equal(
        plain([WRONG, NOTED]),
        "WRONG  C: is gone\n       cure: do y\nnote   B: is odd\n       cure: do x\n1 wrong: 2 checks, 1 with a note",
    );
});

test("JSON has all of it on one line", () => {
    assert.deepEqual(JSON.parse(asJson([FINE, NOTED])), { healthy: true, checks: [FINE, NOTED] });
    const bad = asJson([WRONG]);
    assert.deepEqual(JSON.parse(bad), { healthy: false, checks: [WRONG] });
    assert.doesNotMatch(bad, /\n/);
});
