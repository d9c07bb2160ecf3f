/** The pictures in the repository are those that their source draws, the dashboard's of the dashboard as it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PANELS } from "../../../components/observability/dashboard";
import { drawingFile, DRAWINGS } from "../../../docs/pictures/architecture";
import { comment, commentFile, SOURCE } from "../../../docs/pictures/comment";
import { dashboardFile, dashboardPicture, RECORDING } from "../../../docs/pictures/dashboard";
import { handshake, pictureFile } from "../../../docs/pictures/handshake";
import type { Recording } from "../../../docs/pictures/recording";
import { themes } from "../../../docs/pictures/theme";
import { linksOf, read } from "../../support/markdown";

const shows = (document: string, file: string) =>
    linksOf(document).some(({ text }) => file.endsWith(text));

for (const theme of themes) {
    test(`the ${theme} picture is fresh, and the README shows it`, () => {
        assert.equal(read(pictureFile(theme)), handshake(theme), "stale: npm run -s pictures");
        assert.ok(shows("README.md", pictureFile(theme)));
    });

    for (const [drawing, draw] of Object.entries(DRAWINGS)) {
        test(`the ${theme} picture "${drawing}" is fresh, and docs/architecture.md shows it`, () => {
            const file = drawingFile(drawing, theme);
            assert.equal(read(file), draw(theme), "stale: npm run -s pictures");
            assert.ok(linksOf("docs/architecture.md").some(({ text }) => `docs/${text}` === file));
        });
    }

    test(`the ${theme} picture of a comment is fresh, and docs/ci.md shows it`, () => {
        const drawn = comment(theme, read(SOURCE));
        assert.equal(read(commentFile(theme)), drawn, "stale: npm run -s pictures");
        assert.ok(shows("docs/ci.md", commentFile(theme)));
    });
}

test("a comment is drawn as text, however it is written", () => {
    const drawn = comment("light", "**a &#60;b&#62;**\n\n```diff\n+ <c> & d\n```\n");
    assert.match(drawn, /font-weight="600">a &#60;b&#62;</);
    assert.match(drawn, />\+ &#60;c&#62; &#38; d</);
    assert.doesNotMatch(drawn, /<[bc]>/);
});

const recording = JSON.parse(read(RECORDING)) as Recording;

for (const theme of themes) {
    test(`the ${theme} picture is fresh, and docs/observability.md shows it`, () => {
        const drawn = dashboardPicture(recording, theme);
        assert.equal(read(dashboardFile(theme)), drawn, "stale: npm run -s pictures");
        const links = linksOf("docs/observability.md").map(({ text }) => `docs/${text}`);
        assert.ok(links.includes(dashboardFile(theme)));
    });
}

test("the recording has every panel of the dashboard, and what its queries tell on health", () => {
    const of = ({ title, unit }: { title: string; unit: string }) => `${title} (${unit})`;
    assert.deepEqual(recording.panels.map(of), PANELS.map(of), "record it again");
    for (const { title, series } of recording.panels) {
        if (!/failures|Refused/.test(title)) assert.ok(series.length > 0, title);
        for (const { legend, values } of series) {
            assert.doesNotMatch(legend, /\{\{|undefined/);
            assert.ok(values.some((value) => value !== null));
        }
    }
});
