/** Every line of docs/security.md says what holds it: a test that there is, or why there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "../../support/markdown";

const FILE = "docs/security.md";
/** A link whose text is the name of a test. */
const TEST = /\[([^\]]+)\]\(\.\.\/(test\/[^)]+\.test\.ts)\)/g;

/** The cells of all rows of tables whose last column is "test". */
function heldLines(text: string): string[][] {
    const tables = text.split("\n\n").filter((part) => /^\|.*\| test \|$/m.test(part));
    return tables.flatMap((table) => {
        const rows = table.trim().split("\n").slice(2);
        return rows.map((row) => row.slice(2, -2).split(" | "));
    });
}

/** True where the file has a test or a group of this name, which may be made of parts. */
function hasTest(file: string, name: string): boolean {
    const names = read(file).matchAll(/\b(?:test|describe)\(\s*(["`])(.+?)\1/g);
    return [...names].some(([, , pattern]) => {
        const literal = pattern!.replaceAll(/[.*+?^()|[\]\\]/g, "\\$&");
        return new RegExp(`^${literal.replaceAll(/\$\{[^}]*\}/g, ".+")}$`).test(name);
    });
}

test("the tests that it names are there", () => {
    const named = [...read(FILE).matchAll(TEST)];
    assert.ok(named.length > 20, `${named.length}`);
    const missing = named.filter(([, name, file]) => !hasTest(file!, name!));
    assert.deepEqual(
        missing.map(([link]) => link),
        [],
    );
    assert.ok(!hasTest("test/unit/docs/security.test.ts", "the tests that it names"));
});

test("every line has a test or a reason", () => {
    const lines = heldLines(read(FILE));
    assert.ok(lines.length > 25, `${lines.length}`);
    const bare = lines.filter((cells) => {
        const last = cells.at(-1)!;
        return (
            !last.match(TEST) && !/^(by design|not tested)\b.*[:.] \S|^by design of \S/.test(last)
        );
    });
    assert.deepEqual(bare, []);
});
