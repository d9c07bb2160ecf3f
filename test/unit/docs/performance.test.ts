/** What the documents say of performance is what was measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPerformance } from "../../../bench/figures";
import { performanceTables } from "../../../docs/performance";
import { performanceFile, performancePicture } from "../../../docs/pictures/performance";
import { themes } from "../../../docs/pictures/theme";
import { linksOf, read } from "../../support/markdown";

const performance = readPerformance();

test("the tables are fresh", () => {
    for (const [path, text] of Object.entries(performanceTables(performance, read))) {
        assert.equal(read(path), text, `${path} is stale: make reference`);
    }
});

for (const theme of themes) {
    test(`the ${theme} picture is fresh, and docs/performance.md shows it`, () => {
        const drawn = performancePicture(performance, theme);
        assert.equal(read(performanceFile(theme)), drawn, "stale: npm run -s pictures");
        const shown = linksOf("docs/performance.md").map(({ text }) => text);
        assert.ok(shown.some((text) => performanceFile(theme).endsWith(text)));
    });
}

test("the picture has a point per number of agents and two bars per policy", () => {
    const drawn = performancePicture(performance, "light");
    const execs = performance.registration.filter(({ execSeconds }) => execSeconds !== undefined);
    const { length } = drawn.match(/<circle /g)!;
    assert.equal(length, performance.registration.length + execs.length);
    assert.equal(drawn.match(/<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height/g)!.length, 6 + 4);
    assert.doesNotMatch(drawn, /NaN|undefined/);
});
