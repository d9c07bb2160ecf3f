import assert from "node:assert/strict";
import { test } from "node:test";
import { ciliumUpgradeProblem } from "../../../versions/ciliumUpgrade";

test("a new cluster, one whose image has no version, and a step of one minor release pass", () => {
    assert.equal(ciliumUpgradeProblem(undefined, "1.20.2"), undefined);
    for (const [running, wanted] of [
        ["1.18.4", "1.19.6"],
        ["1.19.6", "1.18.12"],
        ["1.19.3", "1.19.6"],
    ] as const) {
        assert.equal(ciliumUpgradeProblem(running, wanted), undefined);
    }
});

test("a jump is refused with the path to take", () => {
    assert.equal(
        ciliumUpgradeProblem("1.16.5", "1.19.6"),
        'cilium.version = "1.19.6": the agents run 1.16.5, and Cilium moves one minor release at a time. ' +
            'Go 1.16.5 -> 1.17 -> 1.18 -> 1.19.6, with the newest patch release of each and an "up" for each.',
    );
    assert.match(ciliumUpgradeProblem("1.20.2", "1.18.12")!, /Go 1\.20\.2 -> 1\.19 -> 1\.18\.12, /);
});
