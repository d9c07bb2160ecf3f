/** What is worked out from measured figures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exponent, median } from "../../../bench/figures";

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
