import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ALERTS } from "../../../components/observability/alerts";
import { alertsDocument } from "../../../docs/alerts";
import { repositoryRoot } from "../../../sandbox/host/paths";

const file = readFileSync(join(repositoryRoot, "docs", "alerts.md"), "utf8");

test("docs/alerts.md is what the alerts say", () => {
    assert.equal(file, alertsDocument(), "stale: run npm run -s reference");
});

test("every alert has a runbook: what it means, and what to do", () => {
    for (const { name, description, steps } of ALERTS) {
        const [, section] = file.split(`\n## ${name}\n`);
        assert.ok(section !== undefined && section.includes(description), name);
        assert.ok(section.includes(`\n1. ${steps[0]!}\n`), name);
    }
});
