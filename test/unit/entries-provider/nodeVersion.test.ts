/** An old Node is named, instead of what breaks in it first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../../sandbox/host/shell";

/** Loads the package in a Node that calls itself by that version. */
function load(version: string): Promise<string> {
    const script = `
        Object.defineProperty(process.versions, "node", { value: process.argv[1] });
        require(process.argv[2]);`;
    const entry = require.resolve("@cilium-spire/entries-provider");
    return run(process.execPath, ["-e", script, version, entry]);
}

test("a Node that is too old is refused, with what is needed", async () => {
    await assert.rejects(load("20.20.2"), /Node 22\.19\.0 or newer is needed, this is 20\.20\.2/);
    await assert.rejects(load("22.9.1"), /Node 22\.19\.0 or newer is needed, this is 22\.9\.1/);
    for (const version of ["22.19.0", "22.23.3", "24.0.0"]) await load(version);
});
