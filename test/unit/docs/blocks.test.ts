/** Every block of commands is run, or it is said why not: nothing is left out in silence. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { NOT_RUN, PAGES, reasonsFor, stepsToRun, TUTORIAL } from "../../support/blocks";
import { documents } from "../../support/markdown";
import { stepsOf } from "../../support/transcript";

const steps = documents().flatMap((file) => stepsOf(file).map((step) => ({ file, ...step })));

test("every block is run with its page, or has one reason why not", () => {
    const run = [TUTORIAL, ...PAGES.map(({ file }) => file)];
    const faults = steps.flatMap(({ file, at, commands }) => {
        const reasons = reasonsFor(file, commands);
        if (reasons.length > 1) return [`${at}: ${reasons.join(", ")}`];
        return reasons.length === 1 || run.includes(file) ? [] : [`${at}: is not run`];
    });
    assert.deepEqual(faults, []);
});

test("every reason is that of one block, and names a test that there is", () => {
    const faults = Object.entries(NOT_RUN).flatMap(([file, reasons]) =>
        Object.entries(reasons).flatMap(([words, { why, test: path }]) => {
            const at = `${file}: "${words}"`;
            const of = steps.filter((step) => step.file === file);
            const fit = of.filter(({ commands }) => reasonsFor(file, commands).includes(words));
            if (fit.length !== 1) return [`${at} fits ${fit.length} blocks`];
            if (why === "") return [`${at} has no reason`];
            const found = path === undefined || existsSync(join(repositoryRoot, path));
            return found ? [] : [`${at}: there is no ${path}`];
        }),
    );
    assert.deepEqual(faults, []);
});

test("every page has a block that is run, and each word that its reader replaces", () => {
    for (const page of PAGES) {
        const typed = stepsToRun(page);
        assert.ok(typed.length > 0, `${page.file}: nothing is run`);
        for (const [word, by] of Object.entries(page.words ?? {})) {
            const { [word]: _, ...others } = page.words!;
            const kept = stepsToRun({ ...page, words: others });
            assert.notDeepEqual(kept, typed, `${page.file}: no "${word}" to be ${by}`);
        }
    }
});
