import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compare } from "semver";
import { skewProblem, upgradePath, upgradeProblem } from "../../../versions/spireUpgrade";

const version = fc
    .tuple(fc.integer({ min: 9, max: 15 }), fc.integer({ min: 0, max: 9 }))
    .map(([minor, patch]) => `1.${minor}.${patch}`);
const minorOf = (v: string) => Number(v.split(".")[1]);

test("a step to the next minor release, or within one, is made at once", () => {
    assert.deepEqual(upgradePath("1.13.3", "1.14.7"), ["1.14.7"]);
    assert.deepEqual(upgradePath("1.13.3", "1.13.6"), ["1.13.6"]);
    assert.deepEqual(upgradePath("1.14.7", "1.13.6"), ["1.13.6"]);
});

test("a longer way stops at every minor release between", () => {
    const up = ["1.10.4", "1.11.3", "1.12.6", "1.13.3"];
    assert.deepEqual(upgradePath("1.9.6", "1.13.3"), up);
});

test("every path ends where it should, and no step is longer than one minor release", () => {
    fc.assert(
        fc.property(version, version, (one, other) => {
            const [from, to] = [one, other].sort(compare) as [string, string];
            const stops = [from, ...upgradePath(from, to)];
            assert.equal(stops.at(-1), to);
            stops.slice(1).forEach((stop, i) => {
                assert.ok(minorOf(stop) - minorOf(stops[i]!) <= 1);
            });
        }),
    );
});

test("agents may be one minor release older, and never newer", () => {
    assert.equal(skewProblem("1.14.7", "1.14.7"), undefined);
    assert.equal(skewProblem("1.14.0", "1.13.6"), undefined);
    assert.match(skewProblem("1.14.0", "1.14.1")!, /agents 1\.14\.1 are newer than the server/);
    assert.match(skewProblem("1.14.0", "1.12.6")!, /more than one minor release older/);
});

test("a new cluster, and one whose images have no version, may get any version", () => {
    assert.equal(upgradeProblem({}, "1.15.3"), undefined);
});

test("a jump is refused with the path to take", () => {
    assert.equal(
        upgradeProblem({ server: "1.9.6", agent: "1.9.6" }, "1.12.6"),
        'spire.version = "1.12.6": the server runs 1.9.6, and SPIRE moves one minor release at a time. ' +
            'Go 1.9.6 -> 1.10.4 -> 1.11.3 -> 1.12.6, with an "up" for each.',
    );
});

test("the way back is one minor release long, because of the database", () => {
    assert.match(
        upgradeProblem({ server: "1.14.7", agent: "1.14.7" }, "1.12.6")!,
        /the server runs 1\.14\.7, and SPIRE goes back by one minor release, not further: .* Set one of 1\.13, or restore a backup/,
    );
});

test("agents that were kept back are upgraded before the server moves on", () => {
    assert.match(
        upgradeProblem({ server: "1.13.6", agent: "1.12.6" }, "1.14.7")!,
        /Upgrade the agents first: spire\.version = "1\.13\.6" without spire\.agent\.version/,
    );
    assert.equal(upgradeProblem({ server: "1.13.6", agent: "1.13.3" }, "1.14.7"), undefined);
});

test("a downgrade takes the agents first", () => {
    assert.match(
        upgradeProblem({ server: "1.14.7", agent: "1.14.7" }, "1.13.6")!,
        /Downgrade the agents first: spire\.version = "1\.14\.7" with spire\.agent\.version = "1\.13\.6"/,
    );
    assert.equal(upgradeProblem({ server: "1.14.7", agent: "1.13.6" }, "1.13.6"), undefined);
});
