/** What a document says that commands print is compared line by line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { differs, outputsOf, scriptOf, stepsOf } from "../../support/transcript";

test("numbers, UUIDs, gaps and what is left out may differ", () => {
    const uuids = ["31496b61-30e5-4b4f-ad1b-58954e3610bc", "abdbd05d-8266-4922-85a0-35ad4f7b28d1"];
    const says = `...\nID   : ${uuids[0]!}\nin … 12 s\n...\nend (x)\n`;
    const prints = `first\nsecond\nID : ${uuids[1]!}\nin about 7 s\nmore\nend (x)\n`;
    assert.equal(differs(says, prints), undefined);
    assert.equal(differs("a\n...", "a"), undefined);
});

test("anything else may not", () => {
    assert.match(differs("a\nb", "a\nc")!, /no line "b" after line 1/);
    assert.match(differs("a\nb", "b\na")!, /before "a" it also prints "b"/);
    assert.match(differs("a\nc", "a\nb\nc")!, /before "c" it also prints "b"/);
    assert.match(differs("a", "a\nb")!, /in the end it also prints "b"/);
    assert.match(differs("a.c", "abc")!, /no line/);
    assert.match(differs("refused", "connected")!, /no line/);
});

test("steps share a shell, and end at the first that fails", async () => {
    const steps = ["A=1", 'printf "$A"', "false", "printf never"].map((commands) => ({
        at: "",
        commands,
    }));
    const { stdout, exitCode } = await execa("bash", ["-c", scriptOf(steps)], { reject: false });
    assert.equal(exitCode, 1);
    assert.deepEqual(
        outputsOf(`${stdout}\n`).map((text) => text.trim()),
        ["", "1", ""],
    );
});

test("the tutorial has steps with what they print, and ends without the cluster", () => {
    const steps = stepsOf("docs/tutorial.md");
    assert.ok(steps.filter(({ prints }) => prints).length > 10);
    assert.equal(steps[0]!.commands, "make up\n");
    assert.equal(steps.at(-1)!.commands, "make down\n");
});
