/** Wrong configuration and absent clusters, through the real engine: a clear message, and nothing was created. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ConfigMap } from "@pulumi/pulumi/automation";
import { enterPulumi, openStack, platformProgram, type PulumiHome } from "../../sandbox/stack";

let home: PulumiHome;

before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    home = { dir, kubeconfig: join(dir, "no-such-kubeconfig") };
    await enterPulumi(home);
});
after(() => rm(home.dir, { recursive: true, force: true }));

const spire = (key: string) => `cilium-spire:spire.${key}`;

const badConfigurations: [what: string, overrides: ConfigMap, message: RegExp][] = [
    [
        "a misspelt key",
        { "cilium-spire:trustdomain": { value: "demo.local" } },
        /trustdomain: is not a key of this program; did you mean trustDomain\?/,
    ],
    [
        "a misspelt key inside an object",
        { [spire("server.replica")]: { value: "1" } },
        /spire\.server\.replica: is not a key of this program; keys here: .*replicas/,
    ],
    [
        "a wrong type",
        { [spire("server.replicas")]: { value: "many" } },
        /spire\.server\.replicas = "many": .*expected number/,
    ],
    [
        "a count out of range",
        { [spire("server.replicas")]: { value: "0" } },
        /spire\.server\.replicas = 0: must be 1 or more/,
    ],
    [
        "a trust domain that is an URL",
        { "cilium-spire:trustDomain": { value: "spiffe://demo.local" } },
        /trustDomain = "spiffe:\/\/demo\.local": not a SPIFFE trust domain; use lower-case/,
    ],
    [
        "both sockets in one directory",
        { [spire("sockets.admin")]: { value: "/run/spire/sockets/admin.sock" } },
        /spire\.sockets\.admin = ".*": the admin socket is in or below \/run\/spire\/sockets.*use a sibling directory such as \/run\/spire\/admin-sockets\/admin\.sock/,
    ],
    [
        "an unsupported SPIRE",
        { [spire("version")]: { value: "1.8.0" } },
        /spire\.version: SPIRE 1\.8\.0 is not supported; use 1\.9\.6 to 1\.15/,
    ],
    [
        "a Cilium without the feature",
        { "cilium-spire:cilium.version": { value: "1.21.0" } },
        /cilium\.version: Cilium 1\.21\.0 has no mutual authentication.*use 1\.15 to 1\.20/,
    ],
    [
        "a chart value that is ours",
        { "cilium-spire:cilium.values.authentication.enabled": { value: "false" } },
        /cilium\.values\.authentication\.enabled: is set by this program; remove it/,
    ],
];

for (const [what, overrides, message] of badConfigurations) {
    test(`${what} stops before any resource`, async () => {
        await rejectsBeforeAnyResource(overrides, message);
    });
}

test("a missing kubeconfig is named", async () => {
    await rejectsBeforeAnyResource({}, /no-such-kubeconfig does not exist\. Set KUBECONFIG/);
});

test("an API server that does not answer is named", async () => {
    const kubeconfig = join(home.dir, "unreachable");
    await writeFile(kubeconfig, UNREACHABLE);
    process.env.KUBECONFIG = kubeconfig;
    await rejectsBeforeAnyResource(
        {},
        /API server https:\/\/127\.0\.0\.1:1 \(context "nowhere"\) does not answer: .*ECONNREFUSED/,
    );
});

/** Nobody listens on port 1. */
const UNREACHABLE = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "nowhere",
    contexts: [{ name: "nowhere", context: { cluster: "nowhere", user: "nobody" } }],
    clusters: [{ name: "nowhere", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "nobody", user: {} }],
});

async function rejectsBeforeAnyResource(overrides: ConfigMap, message: RegExp): Promise<void> {
    const program = { ...(await platformProgram()), overrides };
    const stack = await openStack(home, program, "dev");
    await assert.rejects(stack.up(), (error: Error) => {
        assert.match(error.message, message);
        return true;
    });
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources?: { type: string }[] };
    };
    const created = (deployment.resources ?? []).filter(
        ({ type }) => type !== "pulumi:pulumi:Stack",
    );
    assert.deepEqual(created, []);
}
