/** The pictures in the repository are those that their source draws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { handshake, pictureFile } from "../../../docs/pictures/handshake";
import { themes } from "../../../docs/pictures/theme";
import { linksOf, read } from "./markdown";

for (const theme of themes) {
    test(`the ${theme} picture is fresh, and the README shows it`, () => {
        assert.equal(read(pictureFile(theme)), handshake(theme), "stale: npm run -s pictures");
        assert.ok(linksOf("README.md").some(({ text }) => text === pictureFile(theme)));
    });
}
