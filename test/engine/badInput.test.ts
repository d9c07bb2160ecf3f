/**
 * Wrong configuration and absent clusters, through the real engine: a clear message, and nothing was created. Which
 * configurations are wrong is tested in test/unit/settings/decode.test.ts.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Values } from "../../settings/cilium/values";
import { enterPulumi, openStack, platformProgram, type PulumiHome } from "../../automation/stack";
import { writeUnreachableKubeconfig } from "../support/kubeconfig";
import { start } from "../support/pulumi";

let home: PulumiHome;

before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    home = { dir, kubeconfig: join(dir, "no-such-kubeconfig") };
    await enterPulumi(home);
});
after(() => rm(home.dir, { recursive: true, force: true }));

test("a wrong configuration is told in full, and nothing is created", async () => {
    await rejects(
        {
            "cilium-spire:trustdomain": "demo.local",
            "cilium-spire:spire": { server: { replica: 1 } },
        },
        /trustdomain: is not a key of this program; did you mean trustDomain\?[^]*spire\.server\.replica: is not a key/,
    );
});

test("a missing kubeconfig is named", async () => {
    await rejects({}, /no-such-kubeconfig does not exist\. Set KUBECONFIG/);
    await rejects(
        { "cilium-spire:kubeconfig": "./none" },
        /kubeconfig = "\.\/none": \/.*\/none does not exist\. Write the path/,
    );
});

test("an API server that does not answer is named", async () => {
    home.kubeconfig = join(home.dir, "unreachable");
    const server = await writeUnreachableKubeconfig(home.kubeconfig);
    await rejects(
        {},
        new RegExp(`API server ${server} \\(context "nowhere"\\) does not answer: .*ECONNREFUSED`),
    );
});

async function rejects(config: Values, message: RegExp): Promise<void> {
    const { code, output } = await start(home, "up", config).ended;
    assert.equal(code, 1, output);
    assert.match(output, message);
}

test("none of them created anything", async () => {
    const stack = await openStack(home, await platformProgram(), "dev");
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources?: { type: string }[] };
    };
    const created = (deployment.resources ?? []).filter(
        ({ type }) => type !== "pulumi:pulumi:Stack",
    );
    assert.deepEqual(created, []);
});
