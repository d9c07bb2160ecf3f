import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checks } from "../../../doctor/checks";
import { GUIDES, REPORTS } from "../../../docs/reports";
import { allTroubles, troubleshootingDocument } from "../../../docs/troubleshooting";
import { repositoryRoot } from "../../../sandbox/host/paths";

const file = readFileSync(join(repositoryRoot, "docs", "troubleshooting.md"), "utf8");

test("docs/troubleshooting.md is what the checks say", () => {
    assert.equal(file, troubleshootingDocument(), "stale: run npm run -s reference");
});

test("every trouble has a name of its own, and every check one to find", () => {
    const ids = allTroubles().map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id, troubles } of checks) assert.ok(troubles.length > 0, id);
});

test("every report is answered by a trouble that is there", () => {
    const ids = new Set(allTroubles().map(({ id }) => id));
    assert.ok(REPORTS.length >= 17 && GUIDES.length >= 25);
    for (const { what, answers } of [...REPORTS, ...GUIDES]) {
        assert.ok(answers.length > 0, what);
        assert.deepEqual(
            answers.filter((id) => !ids.has(id)),
            [],
            what,
        );
    }
});

test("a cure and what it is filled with have no line or table of their own", () => {
    for (const { id, symptom, why, cure } of allTroubles()) {
        assert.doesNotMatch(symptom + why, /\n|\|/, id);
        assert.doesNotMatch(cure, /\n|\.$/, id);
    }
});
