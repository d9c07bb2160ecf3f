/** What the doctor prints. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { test } from "node:test";
import { asJson, asText } from "../../../cli/report";
import type { Finding } from "../../../doctor/checks/check";
import type { Result } from "../../../doctor/examination/examine";

const finding = (what: string, more: object = {}): Finding => ({
    ...{ trouble: "t", what, where: "Pod a/b", why: "It matters.", cure: "do x", ...more },
});
const FINE: Result = { id: "a", name: "A", verdict: "ok", seen: "answers", findings: [] };
const AWAY: Result = { id: "d", name: "D", verdict: "left out", seen: "no stack", findings: [] };
const NOTED: Result = {
    ...{ id: "b", name: "Bee", verdict: "note", seen: "" },
    findings: [finding("is odd", { note: true })],
};
const WRONG: Result = {
    ...{ id: "c", name: "C", verdict: "wrong", seen: "" },
    findings: [finding("is gone"), finding("is odd", { note: true })],
};
const DETAILS = ["       where: Pod a/b", "       why:   It matters.", "       cure:  do x"];

const plain = (results: Result[]) => stripVTControlCharacters(asText(results)).split("\n");

test("text has aligned lines, the details of each finding, and the sum", () => {
    assert.deepEqual(plain([FINE]), ["ok     A  answers", "healthy: 1 check"]);
    assert.deepEqual(plain([FINE, NOTED, AWAY]), [
        "ok     A    answers",
        "note   Bee  is odd",
        ...DETAILS,
        "-      D    left out: no stack",
        "healthy: 3 checks, 1 with a note, 1 left out",
    ]);
    assert.deepEqual(plain([WRONG, FINE]), [
        "WRONG  C  is gone",
        ...DETAILS,
        "note   C  is odd",
        ...DETAILS,
        "ok     A  answers",
        "1 wrong: 2 checks",
    ]);
});

test("JSON has all of it on one line", () => {
    assert.deepEqual(JSON.parse(asJson([FINE, NOTED])), { healthy: true, checks: [FINE, NOTED] });
    const bad = asJson([WRONG]);
    assert.deepEqual(JSON.parse(bad), { healthy: false, checks: [WRONG] });
    assert.doesNotMatch(bad, /\n/);
});
