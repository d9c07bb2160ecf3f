/** Which drops are a refusal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Drop } from "../../../doctor/traffic/drops";
import { Refusals } from "../../../enforcement/refusals";

const AUTH = "Authentication required";

function drop(at: number, fromIdentity: number, more: Partial<Drop> = {}): Drop {
    const place = { node: "node-1", from: "10.0.0.2", to: "10.0.0.1", port: 8080, protocol: "TCP" };
    return { ...place, reason: AUTH, toIdentity: 1001, at, fromIdentity, ...more };
}

function lasting(refusals: Refusals): string[] {
    return refusals.lasting().map(({ drop, seconds }) => `${drop.fromIdentity} for ${seconds} s`);
}

test("the first packet of a pair and its repetitions are none; what is dropped for longer is", () => {
    const refusals = new Refusals();
    refusals.add([drop(100, 1), drop(101, 1), drop(103, 1)]);
    assert.deepEqual(lasting(refusals), []);
    // In any order, and heard at one time or another.
    refusals.add([drop(107, 1), drop(99, 1)]);
    assert.deepEqual(lasting(refusals), ["1 for 8 s"]);
});

test("pairs, ports, reasons and nodes are counted apart, since clocks of nodes differ", () => {
    const refusals = new Refusals();
    refusals.add([drop(100, 1), drop(110, 2), drop(110, 1, { port: 8081 })]);
    refusals.add([drop(110, 1, { node: "node-2" }), drop(110, 1, { reason: "Policy denied" })]);
    assert.deepEqual(lasting(refusals), []);
});

test("who was refused before the policy came is none of its doing", () => {
    const refusals = new Refusals();
    const denied = { reason: "Policy denied" } as const;
    refusals.add([drop(100, 1), drop(110, 1), drop(100, 2, denied), drop(100, 3)]);
    refusals.mark();
    refusals.add([1, 2, 3].flatMap((id) => [drop(120, id), drop(130, id)]));
    // The third had sent the first packet of a pair, and got through.
    assert.deepEqual(lasting(refusals), ["3 for 10 s"]);
});

test("who got through in the end is not refused", () => {
    const refusals = new Refusals();
    refusals.add([drop(100, 1), drop(110, 1), drop(100, 2), drop(110, 2)]);
    refusals.forget(({ fromIdentity }) => fromIdentity === 1);
    assert.deepEqual(lasting(refusals), ["2 for 10 s"]);
});
