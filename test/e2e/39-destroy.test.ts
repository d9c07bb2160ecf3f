/** The end of a stack. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { nodeNamed } from "../../sandbox/host/instance";
import { addNode, killNode } from "../../sandbox/nodes/nodes";
import { stackOutputs } from "../../automation/stack";
import { kubectl, sandbox, world, type World } from "../support/world";

const dead = "precinct-99-worker2";

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
        await nothingLeft();
    });
});

describe("a stack from nothing beside a node that is dead", () => {
    test("comes up on the others, warns, and the next up takes the node in when it is back", async () => {
        await killNode(nodeNamed(sandbox, dead));
        await kubectl(`wait --for=condition=Ready=Unknown node/${dead} --timeout=180s`);
        const { outputs, stdout, stderr } = await state.platform.up();
        assert.match(stdout + stderr, new RegExp(`left out until .*: ${dead}: node is not Ready`));
        const others = ["precinct-99-control-plane", "precinct-99-worker"];
        assert.deepEqual(Object.keys(stackOutputs(outputs).agents ?? {}).sort(), others);
        await state.platform.preview({ expectNoChanges: true });
        await addNode(sandbox, nodeNamed(sandbox, dead));
        const pods = "-n spire-system rollout status daemonset/spire-agent --timeout=300s";
        await kubectl(pods);
        const back = await state.platform.up();
        assert.ok(dead in (stackOutputs(back.outputs).agents ?? {}));
        await state.platform.destroy();
        await nothingLeft();
    });
});

async function nothingLeft(): Promise<void> {
    const left = await kubectl(
        "get namespaces,clusterroles,clusterrolebindings,daemonsets,statefulsets,persistentvolumeclaims -A -o name",
    );
    assert.doesNotMatch(left, /spire|cilium/);
}
