/** The whole program on a cluster whose Cilium Helm installed: pods are authenticated, and Helm keeps its Cilium. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import { helm, releaseValuesOf, uninstall } from "../../automation/helm";
import type { Values } from "../../settings/cilium/values";
import { demoProof } from "../support/demo";
import type { Proof } from "../../doctor/proof/proof";
import { startCluster } from "../../sandbox/cluster";
import {
    demoProgram,
    enterPulumi,
    openStack,
    platformProgram,
    stackOutputs,
} from "../../automation/stack";
import { devConfig } from "../../automation/devConfig";
import { ciliumRolledOut, home, kubectl, sandbox } from "../support/world";

const STACK = "adopted";

let values: Values;
let platform: Stack;
let demoStack: Stack;
let demo: Proof;

before(async () => {
    await startCluster(sandbox);
    await enterPulumi(home);
    const { "cilium-spire:cilium": cilium, ...rest } = await devConfig();
    const { version } = cilium as Values;
    values = releaseValuesOf(cilium as Values);
    await helm("install", values);
    await ciliumRolledOut();
    const overrides = { ...rest, "cilium-spire:cilium": { mode: "adopt", version } };
    platform = await openStack(home, { ...(await platformProgram()), overrides }, STACK);
    demoStack = await openStack(home, await demoProgram(STACK), STACK);
});
after(async () => {
    await uninstall();
});

describe("a Cilium that Helm installed", () => {
    test("authenticates pods after one up", async () => {
        const outputs = stackOutputs((await platform.up()).outputs);
        await platform.preview({ expectNoChanges: true });
        await demoStack.up();
        demo = demoProof(new Cluster(), outputs);
        await demo.prove(120_000);
    });

    test("goes on to do so after helm upgrade has restarted its agents", async () => {
        await helm("upgrade", { ...values, podAnnotations: { "example.org/upgraded": "yes" } });
        await ciliumRolledOut();
        await demo.prove(120_000);
        await platform.preview({ expectNoChanges: true });
    });

    test("stays, without authentication, when the stack is destroyed", async () => {
        await demoStack.destroy();
        await platform.destroy();
        await ciliumRolledOut();
        const left = await kubectl(
            "get namespaces,clusterroles,daemonsets,statefulsets -A -o name",
        );
        assert.match(left, /daemonset\.apps\/cilium$/m);
        assert.doesNotMatch(left, /spire/);
        const pods = await kubectl(
            "-n kube-system get pods -l k8s-app=cilium -o jsonpath={.items[*].spec}",
        );
        assert.doesNotMatch(pods, /spire/);
    });
});
