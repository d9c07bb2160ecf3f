/** The packed packages, installed into an empty project: a program of its own brings up Cilium, SPIRE and a policy. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { enterPulumi } from "../../automation/stack";
import { Proof } from "../../doctor/proof/proof";
import { startCluster } from "../../sandbox/cluster";
import { deployService, SHOP } from "../support/shop";
import { ExampleStack, ownProgramConfig, packPackages } from "../support/packages";
import { home, kubectl, sandbox } from "../support/world";

let stack: ExampleStack;

before(async () => {
    await startCluster(sandbox);
    await enterPulumi(home);
});
after(async () => {
    await stack.destroy();
});

describe("a program of its own, with the packed packages", () => {
    test("installs and compiles strictly", async () => {
        const archives = await packPackages(home.dir);
        const config = await ownProgramConfig();
        stack = await ExampleStack.make(join(home.dir, "own"), "own-program", archives, config);
    });

    test("comes up, and a second up changes nothing", async () => {
        await stack.up();
        await stack.up("--expect-no-changes");
        const outputs = await stack.outputs();
        assert.equal(outputs.outputsVersion, 1);
        assert.equal(Object.keys(outputs.agents ?? {}).length, 3);
    });

    test("protects pods by authentication, which the clients of its policy pass", async () => {
        await deployService(sandbox);
        const proof = new Proof(new Cluster(), await stack.outputs(), SHOP);
        await proof.proveAnew(60_000);
    });

    test("goes without a trace of SPIRE", async () => {
        await kubectl(`-n ${SHOP.namespace} delete deployments --all`);
        await stack.destroy();
        assert.equal(await kubectl("get namespaces spire-system --ignore-not-found"), "");
    });
});
