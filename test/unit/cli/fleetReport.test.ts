import assert from "node:assert/strict";
import { test } from "node:test";
import { doneText, outcomeText, previewText } from "../../../cli/fleetReport";
import type { Review } from "../../../review/review";

const review: Review = {
    ...{ complete: true, errors: [], warnings: [], sets: [], changes: [], unchanged: 41 },
    effects: ["cilium-operator restarts"],
    counts: { create: 2, update: 0, replace: 0, delete: 1 },
};

test("what a preview would change, or why it is refused", () => {
    assert.equal(
        previewText({ review, errors: [] }),
        "2 to create, 1 to delete; 41 unchanged\ncilium-operator restarts",
    );
    assert.equal(previewText({ review, errors: ["no", "way"] }), "refused:\nno\nway");
});

test("what an up has changed", () => {
    assert.equal(doneText({ review, errors: [] }), "2 created, 1 deleted; 41 unchanged");
    const counts = { create: 0, update: 0, replace: 0, delete: 0 };
    const idle = { review: { ...review, counts }, errors: [] };
    assert.equal(doneText(idle), "nothing changed; 41 unchanged");
});

test("how far it came", () => {
    const none = { failed: [], unexamined: [], untouched: [] };
    assert.equal(outcomeText({ ...none, healthy: ["a", "b"] }), "healthy: a, b");
    const outcome = {
        healthy: ["a"],
        failed: [
            { stack: "b", during: "gate" as const, why: "WRONG  x\nwhere: y" },
            { stack: "c", during: "up" as const, why: "no" },
        ],
        unexamined: ["d"],
        untouched: ["e", "f"],
    };
    assert.equal(
        outcomeText(outcome),
        `b: is up, but not healthy
    WRONG  x
    where: y
c: the up failed
    no
healthy: a
up, not examined: d
not touched: e, f
Stopped. The same command goes on: what is up and healthy has nothing to do.`,
    );
});
