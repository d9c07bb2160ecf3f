/** A destroy of the whole program by the real engine, with a real API server: refused while protected, and then of everything. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation";
import { mergeValues } from "../../settings/cilium/values";
import { openStack, platformProgram } from "../../automation/stack";
import { devConfig } from "../../automation/devConfig";
import { deletableObjects, serverlessEntries, skipAwait } from "./transforms";
import { type Engine, startEngine } from "./engine";

let engine: Engine;

before(async () => {
    engine = await startEngine();
});
after(() => engine.stop());

/** Not the name of a stack file, so that the configuration is what each test says. */
const STACK = "protected";
const KINDS =
    "namespaces,daemonsets,deployments,statefulsets,configmaps,services,roles,clusterroles";

/** The program with the configuration of Pulumi.dev.yaml and a workload; nothing waits for pods. */
async function open(protect: boolean): Promise<Stack> {
    const workload = { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop", "k8s:sa:shop"] };
    const program = await platformProgram(
        mergeValues(await devConfig(), {
            "cilium-spire:verify": false,
            "cilium-spire:protect": protect,
            "cilium-spire:workloads": { shop: workload },
        }),
    );
    const run = async () => {
        for (const transform of [skipAwait, deletableObjects, serverlessEntries]) {
            pulumi.runtime.registerResourceTransform(transform);
        }
        return await program.run();
    };
    return await openStack(engine.home, { ...program, run }, STACK);
}

interface Resource {
    urn: string;
    type: string;
    protect?: boolean;
}

/** What the state has, without providers: one that nobody uses goes by itself. */
async function resources(stack: Stack): Promise<Resource[]> {
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources?: Resource[] };
    };
    const all = deployment.resources ?? [];
    return all.filter(({ type }) => !type.startsWith("pulumi:providers:"));
}

async function urns(stack: Stack): Promise<string[]> {
    return (await resources(stack)).map(({ urn }) => urn).sort();
}

/** Names and UIDs of objects, and which of them are being deleted. */
async function objects(): Promise<string> {
    const columns = ["kind", "metadata.name", "metadata.uid", "metadata.deletionTimestamp"];
    const wanted = columns.map((column, i) => `C${i}:.${column}`).join();
    return await engine.api.kubectl(["get", KINDS, "-A", "-o", `custom-columns=${wanted}`]);
}

test("a destroy is refused with the way out, and nothing is deleted", async () => {
    const stack = await open(true);
    // The CLI's own first step, when nothing is known of the chart's objects.
    await stack.preview();
    await stack.up();
    const before = [await urns(stack), await objects()];
    await assert.rejects(
        stack.destroy(),
        /Protection::destroy-needs-protect-false" cannot be deleted\s+because it is protected/,
    );
    assert.deepEqual([await urns(stack), await objects()], before);
    await stack.preview({ expectNoChanges: true });
});

test("what would be missed most is protected by itself too", async () => {
    const guarded = (await resources(await open(true))).filter(({ protect }) => protect);
    assert.deepEqual(guarded.map(({ urn }) => urn.split("::").at(-1)).sort(), [
        "cilium:kube-system/cilium",
        "destroy-needs-protect-false",
        "spire-server",
        "spire-system",
    ]);
});

test("after the word, an up changes no object and the destroy leaves nothing", async () => {
    const before = await objects();
    const stack = await open(false);
    await stack.up();
    assert.equal(await objects(), before);
    await stack.destroy();
    assert.deepEqual(await urns(stack), []);
    const left = await engine.api.kubectl([
        "get",
        KINDS.replace("namespaces,", ""),
        "-A",
        "-o",
        "name",
    ]);
    assert.doesNotMatch(left, /spire|cilium/);
});
