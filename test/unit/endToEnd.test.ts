/** What the end-to-end tests build beside their first files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { binaryNames, commonBinaryNames } from "../../sandbox/build/programs";
import { ASKED_FOR_LATER } from "../endToEnd";

test("what is built later is there to be built, and no cluster needs it", () => {
    const common = new Set(commonBinaryNames());
    const onDemand = binaryNames().filter((name) => !common.has(name));
    assert.deepEqual(
        ASKED_FOR_LATER.filter((name) => !onDemand.includes(name)),
        [],
    );
});
