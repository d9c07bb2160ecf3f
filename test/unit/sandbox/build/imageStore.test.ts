import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const stateHome = mkdtempSync(join(tmpdir(), "image-store-test-"));
process.env.XDG_STATE_HOME = stateHome;
// Which read it when they are loaded.
import { isNodes, storeOf, useStore } from "../../../../sandbox/build/imageStore";
import { instance } from "../../../../sandbox/host/instance";

after(() => rmSync(stateHome, { recursive: true }));

test("a store is in use while a sandbox is there whose nodes start with it", async () => {
    const [mine, other] = ["/cache/image-store-1", "/cache/image-store-2"] as const;
    assert.equal(await isNodes(mine), false, "no sandbox was ever there");
    const sandbox = instance(3);
    await useStore(sandbox, mine);
    await useStore(sandbox, mine);
    assert.equal(await storeOf(sandbox), mine);
    assert.deepEqual([await isNodes(mine), await isNodes(other)], [true, false]);
    await assert.rejects(useStore(sandbox, other), /runs with images of other versions/);
    rmSync(sandbox.stateDir, { recursive: true });
    assert.equal(await isNodes(mine), false);
});
