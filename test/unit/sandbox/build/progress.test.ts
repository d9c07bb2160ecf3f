import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { BuildProgress, duration } from "../../../../sandbox/build/progress";

const CORES = 2;
/** Milliseconds. */
let clock = 0;
let builds: BuildProgress;

beforeEach(() => {
    clock = 0;
    builds = new BuildProgress(CORES, () => clock);
});

/** Compiles packages at an even pace and gets to the end of linking. */
function compile(count: number, seconds: number): void {
    for (let i = 0; i < count; i++) {
        clock += (seconds * 1000) / count;
        builds.compiled();
    }
}

test("the line tells the part, its packages, how long it takes and how long all will take", () => {
    builds.plan("Kubernetes");
    builds.plan("Cilium 1.18.4");
    builds.begin("Kubernetes");
    clock += 5_000;
    assert.match(
        builds.line(),
        /^building 1\/2 Kubernetes: downloading its modules, 0:05; about \d+ min left$/,
    );
    builds.packages(10, 10);
    compile(4, 60);
    assert.match(builds.line(), /Kubernetes: 4 of 10 packages, 1:05; /);
    compile(6, 60);
    assert.match(builds.line(), /Kubernetes: linking, 2:05; /);
    builds.end();
    assert.equal(builds.line(), "");
    builds.begin("Cilium 1.18.4");
    assert.match(builds.line(), /^building 2\/2 Cilium 1\.18\.4: /);
});

test("the line fits into a terminal of 80 columns", () => {
    builds.begin("Kubernetes provider");
    builds.packages(1903, 1903);
    clock += 620_000;
    assert.ok(builds.line().length < 80, builds.line());
});

test("the first estimate is the measured cost spread over the processors", () => {
    for (const name of ["Kubernetes", "Cilium 1.18.4", "SPIRE 1.13.3", "Pulumi CLI"])
        builds.plan(name);
    const first = builds.secondsLeft();
    const faster = new BuildProgress(2 * CORES, () => clock);
    for (const name of ["Kubernetes", "Cilium 1.18.4", "SPIRE 1.13.3", "Pulumi CLI"])
        faster.plan(name);
    assert.equal(faster.secondsLeft(), first / 2);
    assert.ok(first > 600 && first < 1800, `${first} s`);
});

test("a slower machine makes the estimate longer, and it reaches nought with the last part", () => {
    builds.plan("Cilium 1.18.4");
    builds.plan("SPIRE 1.13.3");
    const guess = builds.secondsLeft();
    builds.begin("Cilium 1.18.4");
    builds.packages(100, 100);
    compile(100, guess * 2);
    builds.end();
    // The first of two parts took four times as long as was guessed for it.
    assert.ok(builds.secondsLeft() > 1.5 * guess, `${builds.secondsLeft()} s of ${guess} s`);
    builds.begin("SPIRE 1.13.3");
    builds.packages(100, 100);
    const before = builds.secondsLeft();
    compile(100, before);
    assert.ok(builds.secondsLeft() < before / 5);
    builds.end();
    assert.equal(builds.secondsLeft(), 0);
});

test("what is compiled already counts as little as it takes", () => {
    builds.plan("Kubernetes");
    builds.begin("Kubernetes");
    const all = builds.secondsLeft();
    builds.packages(300, 3000);
    assert.ok(builds.secondsLeft() < all / 4);
    assert.match(builds.line(), /0 of 300 packages/);
});

test("with nothing to compile only linking is left", () => {
    builds.begin("helm");
    builds.packages(0, 900);
    assert.match(builds.line(), /^building 1\/1 helm: linking, 0:00; less than a minute left$/);
});

test("more packages than were foretold are no more than all", () => {
    builds.begin("helm");
    builds.packages(1, 900);
    builds.compiled();
    builds.compiled();
    assert.match(builds.line(), /helm: linking/);
});

test("a part that another process built is no longer counted", () => {
    builds.plan("Kubernetes");
    builds.plan("Pulumi CLI");
    builds.forget("Kubernetes");
    builds.begin("Pulumi CLI");
    builds.forget("Pulumi CLI");
    assert.match(builds.line(), /^building 1\/1 Pulumi CLI: /);
});

test("durations read like a clock", () => {
    assert.deepEqual([0, 59.4, 60, 190, 3599.6, 3720].map(duration), [
        "0 s",
        "59 s",
        "1 min 0 s",
        "3 min 10 s",
        "1 h 0 min",
        "1 h 2 min",
    ]);
});
