/** The repository's own programs and stack files, run by the real engine through the Automation API. */
import { existsSync, rmSync } from "node:fs";
import {
    copyFile,
    mkdir,
    mkdtemp,
    readdir,
    readFile,
    rm,
    symlink,
    writeFile,
} from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import {
    type EngineEvent,
    LocalWorkspace,
    type OutputMap,
    type PulumiFn,
    Stack,
} from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { mergeValues, type Values } from "../settings/cilium/values";
import { progressOf } from "../fleet/progress";
import type { StackOutputs } from "../outputs";
import { ensureBinary, ensureChart } from "../sandbox/build/binaries";
import type { Instance } from "../sandbox/host/instance";
import { repositoryRoot } from "../sandbox/host/paths";
import { progress } from "../sandbox/host/shell";
import { wantedVersions } from "../sandbox/build/versions";

const KUBERNETES_PROVIDER = "4.25.0";

/** A Pulumi program of this repository. */
export interface Program {
    /** Project name, as in its Pulumi.yaml. */
    project: string;
    /** Its folder in the repository; the root when empty. */
    folder: string;
    run: PulumiFn;
    /** Configuration, with keys as in a stack file, that is merged over that of the stack's file. */
    overrides: Values;
}

/** A Pulumi with plugins, state and working directories of its own, and the cluster that its programs work on. */
export interface PulumiHome {
    dir: string;
    kubeconfig: string;
}

/** The Pulumi of a sandbox instance; it goes when the instance goes. */
export function pulumiHome({ stateDir, kubeconfig }: Instance): PulumiHome {
    return { dir: join(stateDir, "pulumi"), kubeconfig };
}

/**
 * Points this process, and every command it starts, at a Pulumi home. The programs run inside this process, so an
 * environment for children is not enough.
 */
export async function enterPulumi({ dir, kubeconfig }: PulumiHome): Promise<void> {
    const backend = join(dir, "state");
    const temporary = join(dir, "tmp");
    const plugin = join(dir, "plugins", `resource-kubernetes-v${KUBERNETES_PROVIDER}`);
    await mkdir(backend, { recursive: true });
    await mkdir(plugin, { recursive: true });
    await mkdir(temporary, { recursive: true });
    const provider = await ensureBinary("pulumi-resource-kubernetes");
    await replaceLink(provider, join(plugin, "pulumi-resource-kubernetes"));
    const path = [
        dirname(process.execPath),
        dirname(await ensureBinary("pulumi")),
        // Node's dynamic providers are run by a script at the root of the SDK, which the engine finds by PATH.
        join(repositoryRoot, "node_modules", "@pulumi", "pulumi"),
        process.env.PATH,
    ];
    Object.assign(process.env, {
        KUBECONFIG: kubeconfig,
        PATH: path.join(delimiter),
        // The Kubernetes provider leaves copies of the kubeconfig behind.
        TMPDIR: temporary,
        PULUMI_HOME: dir,
        PULUMI_BACKEND_URL: `file://${backend}`,
        // The sandbox's stacks hold no secrets.
        PULUMI_CONFIG_PASSPHRASE: "",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    });
}

/** The main program, with what the sandbox has: its versions, and the chart from the Go module instead of the chart repository. */
export async function platformProgram(overrides: Values = {}): Promise<Program> {
    const versions = wantedVersions();
    return {
        project: "cilium-spire",
        folder: "",
        run: await load("index"),
        overrides: mergeValues(
            {
                "cilium-spire:cilium": { version: versions.cilium, chart: await ensureChart() },
                "cilium-spire:spire": { version: versions.spire },
            },
            overrides,
        ),
    };
}

/** The demo that consumes the outputs of a platform stack. */
export async function demoProgram(platformStack: string): Promise<Program> {
    const platform = `organization/cilium-spire/${platformStack}`;
    return {
        project: "mtls-demo",
        folder: "examples/mtls-demo",
        run: await load("examples/mtls-demo/index"),
        overrides: { "mtls-demo:platform": platform },
    };
}

/**
 * Opens a stack of a program, making it when it is new.
 *
 * The Automation API writes into its working directory, so it gets a copy of the project's files; node_modules is linked,
 * because dynamic providers are resolved from there.
 */
export async function openStack(
    home: PulumiHome,
    program: Program,
    stackName: string,
): Promise<Stack> {
    // Of this process alone: two that share it would take each other's configuration for the stack's.
    const workDir = await mkdtemp(join(home.dir, `${program.project}-`));
    process.once("exit", () => rmSync(workDir, { recursive: true, force: true }));
    const source = join(repositoryRoot, program.folder);
    for (const file of await readdir(source)) {
        if (/^Pulumi\..*yaml$/.test(file)) await copyFile(join(source, file), join(workDir, file));
    }
    await symlink(join(repositoryRoot, "node_modules"), join(workDir, "node_modules"));
    const file = join(workDir, `Pulumi.${stackName}.yaml`);
    const settings = existsSync(file)
        ? (parse(await readFile(file, "utf8")) as { config?: Values })
        : {};
    const config = mergeValues(settings.config ?? {}, program.overrides);
    await writeFile(file, stringify({ ...settings, config }));
    const workspace = await LocalWorkspace.create({ workDir, program: program.run });
    const stack = await Stack.createOrSelect(stackName, workspace);
    // A run that was killed leaves its lock; the sandbox has one user, who is here.
    await stack.cancel().catch(() => undefined);
    return stack;
}

/** The outputs of the platform stack as consumers see them. */
export function stackOutputs(outputs: OutputMap): StackOutputs {
    const values = Object.entries(outputs).map(([key, { value }]) => [key, value as unknown]);
    return Object.fromEntries(values) as StackOutputs;
}

/** Prints a line for every resource that takes long, when it is done. */
export function reportProgress(event: EngineEvent): void {
    const line = progressOf(event);
    if (line !== undefined) progress(`  ${line}`);
}

/** The compiled program, in the same tree as this compiled file. */
async function load(path: string): Promise<PulumiFn> {
    const module = (await import(join(__dirname, "..", `${path}.js`))) as { default: PulumiFn };
    return module.default;
}

async function replaceLink(target: string, path: string): Promise<void> {
    await rm(path, { force: true });
    await symlink(target, path);
}
