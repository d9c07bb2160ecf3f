import assert from "node:assert/strict";
import { test } from "node:test";
import { poll } from "@cilium-spire/entries-provider/poll";

const fail = () => Promise.reject(new Error("refused"));

test("waiting ends with what was missing, or at once when it is in vain", async () => {
    const missing = () => Promise.resolve({ waitingFor: "worker2" });
    await assert.rejects(poll(0, "node", missing), /^Error: no node: worker2$/);
    await assert.rejects(
        poll(50, "node", missing, { intervalMs: 20 }),
        /^Error: no node after 0 s: worker2$/,
    );
    const inVain = () => Promise.resolve({ failed: "it ended" });
    await assert.rejects(poll(60_000, "node", inVain), /^Error: no node: it ended$/);
});

test("an error ends it, or is what is missing", async () => {
    await assert.rejects(poll(60_000, "node", fail), /^Error: refused$/);
    const options = { intervalMs: 10, errorsWait: true };
    await assert.rejects(poll(20, "node", fail, options), /^Error: no node after 0 s: refused$/);
});

test("what is missing is told while there is time; the last attempt may give a result", async () => {
    const told: string[] = [];
    const late = await poll(
        50,
        "node",
        () => Promise.resolve({ waitingFor: "worker2", late: () => "one short" }),
        { intervalMs: 100, onWait: (missing) => told.push(missing) },
    );
    assert.equal(late, "one short");
    assert.deepEqual(told, ["worker2"]);
});
