/** The end of a stack. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectl, world, type World } from "./world";

let state: World;

before(async () => {
    state = await world();
});

describe("destroy", () => {
    test("ends clean, also when the server's pod was deleted first", async () => {
        await state.demoStack.destroy();
        const { namespace } = state.outputs.spireServer;
        await kubectl(`-n ${namespace} delete pod spire-server-0 --wait=false`);
        await state.platform.destroy();
        const left = await kubectl(
            "get namespaces,clusterroles,clusterrolebindings,daemonsets,statefulsets,persistentvolumeclaims -A -o name",
        );
        assert.doesNotMatch(left, /spire|cilium/);
    });
});
