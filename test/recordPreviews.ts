/**
 * Records what `pulumi preview --json` prints of the main program, by the CLI itself, on the sandbox of CILIUM_SPIRE_SANDBOX, which is
 * made anew: test/fixtures/previews, for the tests of `cilium-spire diff`. Not a test; five minutes.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Stack } from "@pulumi/pulumi/automation";
import { execa } from "execa";
import {
    enterPulumi,
    openStack,
    platformProgram,
    type PulumiHome,
    pulumiHome,
} from "../automation/stack";
import { ensureBinary, ensureChart } from "../sandbox/build/binaries";
import { buildAll, removeCluster, startCluster } from "../sandbox/cluster";
import { kubectl } from "../sandbox/controlPlane/kubectl";
import { instance, nodeNamed } from "../sandbox/host/instance";
import { cacheRoot, repositoryRoot, stateRoot } from "../sandbox/host/paths";
import { progress } from "../sandbox/host/shell";
import { addNode } from "../sandbox/nodes/nodes";
import type { Values } from "../settings/cilium/values";

/** The release after the one that the stack's file names. */
const NEXT_CILIUM = "1.20.2";
const JOINED = "precinct-99-worker3";

/** What a reader shall not wonder about: where this machine keeps things. */
const PLACES: [place: string, name: string][] = [
    [repositoryRoot, "/home/user/cilium-spire"],
    [cacheRoot, "/home/user/.cache/cilium-spire"],
    [stateRoot, "/home/user/.local/state/cilium-spire"],
    [homedir(), "/home/user"],
];

/** Runs the CLI, whose Node host runs the program's sources, and keeps what it printed. */
async function record(name: string, stack: Stack): Promise<void> {
    const host = dirname(await ensureBinary("pulumi-language-nodejs"));
    const configFile = join(stack.workspace.workDir, `Pulumi.${stack.name}.yaml`);
    const where = ["--cwd", repositoryRoot, "--stack", stack.name, "--config-file", configFile];
    const { stdout, stderr } = await execa("pulumi", ["preview", "--json", ...where], {
        env: { PATH: [host, process.env.PATH].join(delimiter) },
        // A preview that fails is worth keeping too.
        reject: false,
    });
    if (stdout === "") throw new Error(`nothing was printed of ${name}:\n${stderr}`);
    const text = PLACES.reduce((all, [place, to]) => all.replaceAll(place, to), stdout);
    const folder = join(repositoryRoot, "test", "fixtures", "previews");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.json.gz`), gzipSync(text, { level: 9 }));
    progress(`${name}: ${text.length} characters`);
}

async function open(home: PulumiHome, config: Values = {}): Promise<Stack> {
    return await openStack(home, await platformProgram(config), "dev");
}

async function main(): Promise<void> {
    const target = instance();
    await buildAll();
    await removeCluster(target);
    await startCluster(target);
    try {
        const home = pulumiHome(target);
        await enterPulumi(home);
        await record("first-up", await open(home));
        const stack = await open(home);
        await stack.up();
        await record("nothing", stack);
        await addNode(target, nodeNamed(target, JOINED));
        await kubectl(target, [
            "wait",
            "--for=condition=Ready",
            `node/${JOINED}`,
            "--timeout=120s",
        ]);
        await record("node-joined", stack);
        const next = { version: NEXT_CILIUM, chart: await ensureChart(NEXT_CILIUM) };
        const agent = { logLevel: "DEBUG", maxUnavailable: 1 };
        const upgrade = { "cilium-spire:cilium": next, "cilium-spire:spire": { agent } };
        await record("upgrade", await open(home, upgrade));
        const replicas = { "cilium-spire:spire": { server: { replicas: 3 } } };
        await record("failed", await open(home, replicas));
    } finally {
        await removeCluster(target);
    }
}

main().then(
    () => process.exit(0),
    (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exit(1);
    },
);
