import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrder, USAGE, UsageError } from "../../../doctor/order";

test("a stack is enough", () => {
    assert.deepEqual(parseOrder(["prod"]), { stack: "prod", waitSeconds: 0, stdin: false });
});

test("all that the program says", () => {
    const argv = ["--stdin", "--wait", "120", "--", "--odd"];
    assert.deepEqual(parseOrder(argv), { stack: "--odd", waitSeconds: 120, stdin: true });
});

test("anything else is refused, with the usage", () => {
    const cases: [string[], RegExp][] = [
        [[], /the stack is missing/],
        [[""], /the stack is missing/],
        [["prod", "--json"], /^Unknown option '--json'\n/],
        [["prod", "60"], /one stack at a time, not also 60/],
        [["prod", "--wait"], /argument missing/],
        [["prod", "--stdin=yes"], /does not take an argument/],
    ];
    const waits = ["", "NaN", "1e3", "1.5", "100000", "Infinity"].map(
        (wait): [string[], RegExp] => [["prod", `--wait=${wait}`], /must be a whole number/],
    );
    for (const [argv, problem] of [...cases, ...waits]) {
        assert.throws(
            () => parseOrder(argv),
            (error: unknown) => {
                assert.ok(error instanceof UsageError);
                assert.match(error.message, problem);
                assert.ok(error.message.endsWith(USAGE));
                return true;
            },
            argv.join(" "),
        );
    }
});
