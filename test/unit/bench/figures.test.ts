/** What is worked out from measured figures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exponent, median, medianLoad } from "../../../bench/figures";

test("how something grows is the power of the size that it follows", () => {
    const sizes = [3, 30, 300, 3000];
    for (const power of [0, 1, 1.5, 2]) {
        const points = sizes.map((size) => [size, 7 * size ** power] as const);
        assert.ok(Math.abs(exponent(points) - power) < 1e-9);
    }
});

test("a median is one of the values", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2);
    assert.throws(() => median([]), /no values/);
});

test("of several rounds each figure has a median of its own", () => {
    const rounds = [
        { perSecond: 1, median: 9, p99: 5 },
        { perSecond: 2, median: 8, p99: 7 },
        { perSecond: 3, median: 7, p99: 6 },
    ];
    assert.deepEqual(medianLoad(rounds), { perSecond: 2, median: 8, p99: 6 });
});
