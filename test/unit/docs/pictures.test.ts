/** The pictures in the repository are those that their source draws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { comment, commentFile, SOURCE } from "../../../docs/pictures/comment";
import { handshake, pictureFile } from "../../../docs/pictures/handshake";
import { themes } from "../../../docs/pictures/theme";
import { linksOf, read } from "../../support/markdown";

const shows = (document: string, file: string) =>
    linksOf(document).some(({ text }) => file.endsWith(text));

for (const theme of themes) {
    test(`the ${theme} picture is fresh, and the README shows it`, () => {
        assert.equal(read(pictureFile(theme)), handshake(theme), "stale: npm run -s pictures");
        assert.ok(shows("README.md", pictureFile(theme)));
    });

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
