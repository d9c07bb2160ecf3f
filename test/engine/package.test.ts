/** The packed packages in projects of their own, by the real engine and CLI, on an API server that runs no pods. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { enterPulumi } from "../../automation/stack";
import { type ApiServer, startApiServer } from "../support/apiServer";
import { ExampleStack, packPackages, ownProgramConfig } from "../support/packages";

let dir: string;
let api: ApiServer;
let archives: Record<string, string>;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    api = await startApiServer();
    await enterPulumi({ dir, kubeconfig: api.kubeconfig });
    archives = await packPackages(dir);
});
after(async () => {
    await api.stop();
    await rm(dir, { recursive: true, force: true });
});

test("a program of its own compiles strictly, and previews all that it would make", async () => {
    const config = await ownProgramConfig();
    const stack = await ExampleStack.make(dir, "own-program", archives, config);
    const output = await stack.pulumi("preview", "--stack", "dev");
    const made = [
        "kubernetes:apps/v1:DaemonSet cilium:kube-system/cilium",
        "kubernetes:apps/v1:StatefulSet spire-server",
        "kubernetes:apps/v1:DaemonSet spire-agent",
        "pulumi-nodejs:dynamic/spire:AgentEntries cilium",
        "kubernetes:cilium.io/v2:CiliumNetworkPolicy payments",
    ];
    for (const resource of made) assert.ok(output.includes(resource), `${resource}\n${output}`);
});

test("a stack that is no platform is told so", async () => {
    const config = { "consumer-stack:platform": "organization/own-program/dev" };
    const stack = await ExampleStack.make(dir, "consumer-stack", archives, config);
    await assert.rejects(
        stack.pulumi("preview", "--stack", "dev"),
        /"organization\/own-program\/dev" has no outputs of cilium-spire; name a stack/,
    );
});
