/** The sandbox, the stack and the demo that the end-to-end tests share. The files run in the order of their names. */
import assert from "node:assert/strict";
import {
    agentSpiffeId,
    Cluster,
    type Entry,
    owns,
    SpireServer,
} from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import type { Values } from "../../settings/cilium/values";
import { demoProof } from "./demo";
import type { Proof } from "../../doctor/proof/proof";
import type { StackOutputs } from "../../outputs";
import { startCluster } from "../../sandbox/cluster";
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import {
    demoProgram,
    enterPulumi,
    openStack,
    pulumiHome,
    stackOutputs,
} from "../../automation/stack";
import { testProgram } from "./pulumi";
import { testSandbox } from "./sandbox";

export const sandbox = testSandbox;
export const home = pulumiHome(sandbox);
/** Of the IDs of the entries that the stack writes for Cilium. */
export const PREFIX = "cilium-spire.dev.cilium";

/** A stack that is up, with the demo on it. */
export interface World {
    cluster: Cluster;
    platform: Stack;
    outputs: StackOutputs;
    demoStack: Stack;
    demo: Proof;
}

/**
 * Brings up what is not up yet. Configuration that an earlier test has set is gone.
 *
 * @param overrides over the configuration of the stack's file.
 */
export async function world(overrides: Values = {}): Promise<World> {
    await startCluster(sandbox);
    await enterPulumi(home);
    const platform = await openPlatform(overrides);
    const outputs = stackOutputs((await platform.up()).outputs);
    const demoStack = await openStack(home, await demoProgram("dev"), "dev");
    await demoStack.up();
    const cluster = new Cluster();
    return { cluster, platform, outputs, demoStack, demo: demoProof(cluster, outputs) };
}

/** The stack `dev` of the main program, with the configuration of its file and some over it. */
export async function openPlatform(overrides: Values = {}): Promise<Stack> {
    return await openStack(home, await testProgram(overrides), "dev");
}

/** Runs kubectl with the words of a line; there is no shell, so nothing can be quoted. */
export async function kubectl(line: string): Promise<string> {
    return await kubectlOf(sandbox, line.split(" "), { timeoutMs: 300_000 });
}

/** Waits until Cilium's pods are those of its newest objects. */
export async function ciliumRolledOut(): Promise<void> {
    for (const workload of ["daemonset/cilium", "deployment/cilium-operator"]) {
        await kubectl(`-n kube-system rollout status ${workload} --timeout=180s`);
    }
}

export async function spireServer({ cluster, outputs }: World): Promise<SpireServer> {
    const server = await SpireServer.find(cluster, outputs.spireServer, 120_000);
    assert.ok(server, "the StatefulSet of the SPIRE server is gone");
    return server;
}

/** The entries that the stack has written for Cilium, as the server has them. */
export async function ourEntries(of: World): Promise<Entry[]> {
    return (await (await spireServer(of)).entries()).filter((entry) => owns(PREFIX, entry));
}

/** Names of the nodes that have agents, as the stack knows them. */
export function nodeNames({ outputs }: World): string[] {
    return Object.keys(outputs.agents ?? {});
}

/** An `up`, after which a preview has nothing to say. */
export async function upThenQuiet({ platform }: World): Promise<void> {
    await platform.up();
    await platform.preview({ expectNoChanges: true });
}

export async function uidOf(node: string): Promise<string> {
    return await kubectl(`get node ${node} -o jsonpath={.metadata.uid}`);
}

/** The SPIFFE ID of the agent of the node with this UID. */
export function agentId({ outputs }: World, uid: string): string {
    return agentSpiffeId(outputs.trustDomain, outputs.clusterName, uid);
}

/** A resource of the stack as its state has it. */
export async function resource(
    { platform }: World,
    type: string,
): Promise<{ inputs: Record<string, unknown> }> {
    const { deployment } = (await platform.exportStack()) as {
        deployment: { resources: { type: string; inputs: Record<string, unknown> }[] };
    };
    const found = deployment.resources.find((r) => r.type.endsWith(`:${type}`));
    assert.ok(found, `no resource of type ${type} in the state`);
    return found;
}
