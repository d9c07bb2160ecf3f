/**
 * Wrong configuration and absent clusters, through the real engine: a clear message, and nothing was created. Which
 * configurations are wrong is tested in test/unit/config.test.ts.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Values } from "../../components/cilium/values";
import { enterPulumi, openStack, platformProgram, type PulumiHome } from "../../sandbox/stack";
import { start } from "../support/pulumi";

let home: PulumiHome;

before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    home = { dir, kubeconfig: join(dir, "no-such-kubeconfig") };
    await enterPulumi(home);
});
after(() => rm(home.dir, { recursive: true, force: true }));

test("a wrong configuration is told in full, and nothing is created", async () => {
    await rejectsBeforeAnyResource(
        {
            "cilium-spire:trustdomain": "demo.local",
            "cilium-spire:spire": { server: { replica: 1 } },
        },
        /trustdomain: is not a key of this program; did you mean trustDomain\?[^]*spire\.server\.replica: is not a key/,
    );
});

test("a missing kubeconfig is named", async () => {
    await rejectsBeforeAnyResource({}, /no-such-kubeconfig does not exist\. Set KUBECONFIG/);
});

test("an API server that does not answer is named", async () => {
    const server = `https://127.0.0.1:${await closedPort()}`;
    home.kubeconfig = join(home.dir, "unreachable");
    const kubeconfig = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "nowhere",
        contexts: [{ name: "nowhere", context: { cluster: "nowhere", user: "nobody" } }],
        clusters: [{ name: "nowhere", cluster: { server } }],
        users: [{ name: "nobody", user: {} }],
    };
    await writeFile(home.kubeconfig, JSON.stringify(kubeconfig));
    await rejectsBeforeAnyResource(
        {},
        new RegExp(`API server ${server} \\(context "nowhere"\\) does not answer: .*ECONNREFUSED`),
    );
});

/** A port of loopback that nobody listens on: one that the kernel has just given us back. */
async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, "close");
    return port;
}

async function rejectsBeforeAnyResource(config: Values, message: RegExp): Promise<void> {
    const { code, output } = await start(home, "up", config).ended;
    assert.equal(code, 1, output);
    assert.match(output, message);
    const stack = await openStack(home, await platformProgram(), "dev");
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources?: { type: string }[] };
    };
    const created = (deployment.resources ?? []).filter(
        ({ type }) => type !== "pulumi:pulumi:Stack",
    );
    assert.deepEqual(created, []);
}
