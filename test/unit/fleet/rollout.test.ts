/** The order of a fleet's waves, and where it stops. */
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { eachOf, type Outcome, rollOut } from "../../../fleet/rollout";

const WAVES = [["a"], ["b", "c", "d"], ["e"]];

/** In the order in which it began. */
let begun: string[];
let stop: AbortController;

beforeEach(() => {
    begun = [];
    stop = new AbortController();
});

async function roll(
    waves: string[][],
    {
        failing = [],
        stopAt,
        parallel = 2,
    }: { failing?: string[]; stopAt?: string; parallel?: number },
): Promise<Outcome> {
    const act = (what: string) => async (stack: string) => {
        const name = `${what} ${stack}`;
        begun.push(name);
        if (name === stopAt) stop.abort();
        await setImmediate();
        return failing.includes(name) ? `${name} is broken` : undefined;
    };
    const onWave = (number: number, stacks: readonly string[]) =>
        void begun.push(`wave ${number}: ${stacks.join()}`);
    return await rollOut(waves, {
        ...{ up: act("up"), gate: act("gate"), onWave, parallel, stop: stop.signal },
    });
}

const nothing = { healthy: [], failed: [], unexamined: [], untouched: [] };

describe("a rollout", () => {
    test("goes through all waves, each gate before the next wave", async () => {
        const outcome = await roll(WAVES, {});
        assert.deepEqual(outcome, { ...nothing, healthy: ["a", "b", "c", "d", "e"] });
        assert.deepEqual(begun, [
            ...["wave 1: a", "up a", "gate a", "wave 2: b,c,d", "up b", "up c", "up d"],
            ...["gate b", "gate c", "gate d", "wave 3: e", "up e", "gate e"],
        ]);
    });

    test("stops at a gate, and sees all gates of the wave to their end", async () => {
        const outcome = await roll(WAVES, { failing: ["gate c"] });
        const failed = [{ stack: "c", during: "gate" as const, why: "gate c is broken" }];
        assert.deepEqual(outcome, {
            ...{ ...nothing, healthy: ["a", "b", "d"], failed },
            untouched: ["e"],
        });
    });

    test("stops at an up: what runs beside it ends, nothing more begins", async () => {
        const outcome = await roll(WAVES, { failing: ["up b"] });
        const failed = [{ stack: "b", during: "up" as const, why: "up b is broken" }];
        assert.deepEqual(outcome, {
            ...{ healthy: ["a"], failed, unexamined: ["c"] },
            untouched: ["d", "e"],
        });
    });

    test("stops when it is told to, during an up and during a gate", async () => {
        const duringUp = await roll(WAVES, { stopAt: "up c" });
        assert.deepEqual(duringUp, {
            ...{ ...nothing, healthy: ["a"], unexamined: ["b", "c"] },
            untouched: ["d", "e"],
        });
        stop = new AbortController();
        const duringGate = await roll(WAVES, { stopAt: "gate b" });
        assert.deepEqual(duringGate, {
            ...{ ...nothing, healthy: ["a"], unexamined: ["b", "c", "d"] },
            untouched: ["e"],
        });
    });
});

test("whatever fails, each stack is told of once, and no up begins before the gates of earlier waves", async () => {
    const waves = fc
        .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
        .map((sizes) =>
            sizes.map((size, i) => Array.from({ length: size }, (_, j) => `${i}.${j}`)),
        );
    const order = waves.chain((found) =>
        fc.record({
            waves: fc.constant(found),
            parallel: fc.integer({ min: 1, max: 5 }),
            failing: fc.subarray(found.flat().flatMap((s) => [`up ${s}`, `gate ${s}`])),
        }),
    );
    await fc.assert(
        fc.asyncProperty(order, async ({ waves, parallel, failing }) => {
            begun = [];
            stop = new AbortController();
            const { healthy, failed, unexamined, untouched } = await roll(waves, {
                failing,
                parallel,
            });
            const told = [
                ...healthy,
                ...failed.map(({ stack }) => stack),
                ...unexamined,
                ...untouched,
            ];
            assert.deepEqual(told.sort(), waves.flat().sort());
            for (const stack of untouched) assert.ok(!begun.includes(`up ${stack}`));
            const passed = new Set(healthy);
            for (const [i, wave] of waves.entries()) {
                const entered = wave.some((stack) => begun.includes(`up ${stack}`));
                const earlier = waves.slice(0, i).flat();
                if (entered) assert.ok(earlier.every((stack) => passed.has(stack)));
            }
        }),
    );
});

test("never more at once than allowed", async () => {
    let [running, most] = [0, 0];
    await eachOf([1, 2, 3, 4, 5], 2, async () => {
        most = Math.max(most, ++running);
        await setImmediate();
        running--;
    });
    assert.equal(most, 2);
});
