/** What is expected of a text that people read: a file, which a change of the text shows in a review. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../sandbox/host/paths";

/**
 * Compares a text with that of a file, from the repository's root. With GOLDEN=write in the environment the file is written
 * anew, and `git diff` shows what has changed.
 */
export function assertGolden(file: string, text: string): void {
    const path = join(repositoryRoot, file);
    const actual = `${text}\n`;
    if (process.env.GOLDEN === "write") {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, actual);
        return;
    }
    assert.ok(existsSync(path), `${file} is missing: GOLDEN=write makes it`);
    assert.equal(
        actual,
        readFileSync(path, "utf8"),
        `${file} differs; GOLDEN=write writes it anew`,
    );
}
