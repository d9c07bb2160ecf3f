/** The feature flag: authentication off and on again, and SPIRE is not touched by it. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import {
    kubectl,
    openPlatform,
    ourEntries,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

let state: World;

before(async () => {
    state = await world();
});

describe("mutualAuth", () => {
    test("false turns Cilium's part off and leaves server, agents and entries as they are", async () => {
        const before = { entries: await ourEntries(state), pods: await spirePods() };
        state.platform = await openPlatform({ "cilium-spire:mutualAuth": false });
        await upThenQuiet(state);
        assert.equal(await ciliumConfig("mesh-auth-enabled"), "false");
        assert.deepEqual(await ourEntries(state), before.entries);
        assert.equal(await spirePods(), before.pods);
    });

    test("true brings it back in one up", async () => {
        state.platform = await openPlatform();
        await upThenQuiet(state);
        assert.equal(await ciliumConfig("mesh-auth-enabled"), "true");
        await state.demo.prove(120_000);
    });
});

async function ciliumConfig(key: string): Promise<string> {
    return await kubectl(`-n kube-system get configmap cilium-config -o jsonpath={.data.${key}}`);
}

/** Names, UIDs and restarts: equal only if no pod was touched. */
async function spirePods(): Promise<string> {
    return await kubectl(
        "-n spire-system get pods --no-headers -o custom-columns=N:.metadata.name,U:.metadata.uid,R:.status.containerStatuses[0].restartCount",
    );
}
