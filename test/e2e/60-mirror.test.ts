/**
 * A company without a way out: chart and images from its own registry, which wants a password, by the Pulumi CLI.
 *
 * The nodes have the layers of the images already, so they ask for manifests only; the password is wanted for those too.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Values } from "../../settings/cilium/values";
import { ensureBinary, ensureChart } from "../../sandbox/build/binaries";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { ensureTools } from "../../sandbox/build/debian";
import { node } from "../../sandbox/host/instance";
import { registriesDir } from "../../sandbox/nodes/nodeFiles";
import { execNode } from "../../sandbox/nodes/nodes";
import { repositoryRoot } from "../../sandbox/host/paths";
import { enterPulumi } from "../../automation/stack";
import { wantedVersions } from "../../sandbox/build/versions";
import {
    addRepository,
    CREDENTIALS,
    packageChart,
    pushChart,
    type Registry,
    startChartRepository,
    startRegistry,
    useHelmHome,
} from "../support/repositories";
import { home, kubectl, openPlatform, sandbox } from "../support/world";

const { cilium, spire } = wantedVersions();
/** What the stack runs, by its own names. */
const IMAGES = [
    `ghcr.io/spiffe/spire-agent:${spire}`,
    `ghcr.io/spiffe/spire-server:${spire}`,
    `quay.io/cilium/cilium:v${cilium}`,
    `quay.io/cilium/operator-generic:v${cilium}`,
];

let dir: string;
let registry: Registry;
/** The same images in the registry, by the rule that the documentation gives. */
let mirrored: string[];

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-mirror-"));
    await removeCluster(sandbox);
    await startCluster(sandbox);
    await enterPulumi(home);
    useHelmHome(join(dir, "helm"));
    registry = await startRegistry(join(dir, "registry"), sandbox.apiAddress);
    mirrored = IMAGES.map((image) => `${registry.host}/mirror${image.slice(image.indexOf("/"))}`);
    await kubectl("create namespace spire-system");
    await kubectl("label namespace spire-system pod-security.kubernetes.io/enforce=privileged");
    await trustRegistry();
    await fillRegistry();
});
after(async () => {
    await registry.stop();
    await rm(dir, { recursive: true });
});

/** On every node, as an administrator does it. */
async function trustRegistry(): Promise<void> {
    const own = join(registriesDir(sandbox), registry.host);
    await mkdir(own, { recursive: true });
    const server = `https://${registry.host}`;
    const lines = [`server = "${server}"`, `[host."${server}"]`, `ca = "${registry.caFile}"`, ""];
    await writeFile(join(own, "hosts.toml"), lines.join("\n"));
}

/** From a node, which has the images; and the chart. */
async function fillRegistry(): Promise<void> {
    const ctr = join(await ensureTools(), "usr", "bin", "ctr");
    const user = Object.values(CREDENTIALS).join(":");
    const options = ["--hosts-dir", registriesDir(sandbox), "--user", user];
    for (const [i, image] of IMAGES.entries()) {
        const push = ["-n", "k8s.io", "images", "push", ...options, mirrored[i]!, image];
        await execNode(node(sandbox, 1), [ctr, ...push]);
    }
    await pushChart(registry, await packageChart(await ensureChart(), join(dir, "archive")));
    registry.served.length = 0;
}

/** Starts `pulumi ARGS` with the stack's configuration and some over it, as on a machine that trusts the registry's CA. */
async function pulumi(args: string[], chart?: string): Promise<ChildProcess> {
    const config: Values = {
        "cilium-spire:images": { registry: `${registry.host}/mirror`, pullSecrets: ["regcred"] },
        // The Secret is in it before the stack is.
        "cilium-spire:spire": { createNamespaces: false },
        "cilium-spire:cilium": { chart: chart ?? `oci://${registry.host}/charts/cilium` },
    };
    const { workspace } = await openPlatform(config);
    const file = join(workspace.workDir, "Pulumi.dev.yaml");
    const stack = ["--cwd", repositoryRoot, "--stack", "dev", "--config-file", file];
    const host = dirname(await ensureBinary("pulumi-language-nodejs"));
    return spawn("pulumi", [...args, ...stack, "--non-interactive"], {
        env: {
            ...process.env,
            PATH: [host, process.env.PATH].join(delimiter),
            SSL_CERT_FILE: registry.caFile,
        },
        stdio: ["ignore", "pipe", "pipe"],
    });
}

/** What a process prints, while it does. */
function outputOf(child: ChildProcess): { text: string; ended: Promise<number | null> } {
    const output = {
        text: "",
        ended: once(child, "close").then(([code]) => code as number | null),
    };
    for (const stream of [child.stdout!, child.stderr!]) {
        stream.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
    }
    return output;
}

async function preview(options: string[], chart?: string) {
    const output = outputOf(await pulumi(["preview", ...options], chart));
    return { code: await output.ended, text: output.text };
}

async function makePullSecret(namespace: string, password: string): Promise<void> {
    await kubectl(`-n ${namespace} delete secret regcred --ignore-not-found`);
    await kubectl(
        `-n ${namespace} create secret docker-registry regcred --docker-server=${registry.host} --docker-username=${CREDENTIALS.username} --docker-password=${password}`,
    );
}

describe("a stack from a registry with a password", () => {
    test("is refused while the pull secrets are missing, before anything is changed", async () => {
        const { code, text } = await preview([]);
        assert.notEqual(code, 0);
        assert.match(text, /images\.pullSecrets: .*spire-system\/regcred does not exist/);
        assert.match(text, /kube-system\/regcred does not exist/);
    });

    test("shows in its preview the images to be mirrored", async () => {
        await makePullSecret("kube-system", CREDENTIALS.password);
        await makePullSecret("spire-system", "wrong");
        const { code, text } = await preview(["--json"]);
        assert.equal(code, 0, text);
        const found = [...text.matchAll(/"image": "([^"]+)"/g)].map(([, image]) => image);
        assert.deepEqual([...new Set(found)].sort(), [...mirrored].sort());
        assert.ok(registry.served.some((path) => path.startsWith("/v2/charts/cilium/blobs/")));
    });

    test("says that the registry refuses a wrong secret, and goes on once it is right", async () => {
        const output = outputOf(await pulumi(["up", "--yes", "--skip-preview"]));
        const deadline = Date.now() + 180_000;
        while (!/spire-server-0.*401 Unauthorized/.test(output.text)) {
            assert.ok(Date.now() < deadline, output.text);
            await setTimeout(500);
        }
        await makePullSecret("spire-system", CREDENTIALS.password);
        assert.equal(await output.ended, 0, output.text);
    });

    test("runs what the nodes pulled from the registry", async () => {
        for (const image of mirrored) {
            const [, path, tag] = /^[^/]+\/(.*):(.*)$/.exec(image)!;
            assert.ok(registry.served.includes(`/v2/${path}/manifests/${tag}`), image);
        }
        const template = "{..image}";
        for (const workload of [
            ...["kube-system daemonset/cilium", "kube-system deployment/cilium-operator"],
            ...["spire-system statefulset/spire-server", "spire-system daemonset/spire-agent"],
        ]) {
            const images = await kubectl(
                `-n ${workload.replace(" ", " get ")} -o jsonpath=${template}`,
            );
            for (const image of images.split(" ")) assert.ok(mirrored.includes(image), image);
        }
    });

    test("is the same from a chart repository with a password, which is needed", async () => {
        const chart = await ensureChart();
        const repository = await startChartRepository(chart, join(dir, "charts"), "guarded");
        try {
            await addRepository("team", repository);
            const same = await preview(["--expect-no-changes"], "@team");
            assert.equal(same.code, 0, same.text);
            const { code, text } = await preview([], `http://${repository.host}`);
            assert.notEqual(code, 0);
            assert.match(text, /401 Unauthorized/);
        } finally {
            await repository.stop();
        }
    });

    test("keeps the password out of its state", async () => {
        const state = JSON.stringify(await (await openPlatform()).exportStack());
        assert.ok(!state.includes(CREDENTIALS.password));
    });
});
