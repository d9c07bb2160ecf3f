/** Pulumi's engine, with a state that nobody keeps. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { type EngineEvent, LocalWorkspace } from "@pulumi/pulumi/automation";
import { parse } from "yaml";
import type { StackId } from "../components/owner";
import type { Manifest } from "./manifest";
import { ENGINE_STAGES, type Installing, renderProgram } from "./program";

/**
 * No cluster, wherever this runs: what is rendered must not depend on the one that the machine, or the pod of a pipeline, happens
 * to know. Not one that does not answer: the provider would wait for it.
 */
const NO_CLUSTER = { KUBECONFIG: "/nonexistent/kubeconfig", KUBERNETES_SERVICE_HOST: "" };

/**
 * Runs the parts of the program that are objects, with the Pulumi CLI and the Kubernetes provider of the machine.
 *
 * @returns the objects of each stage.
 * @throws Error with what the engine said.
 */
export async function runEngine(
    settings: Installing,
    id: StackId,
): Promise<Record<(typeof ENGINE_STAGES)[number], Manifest[]>> {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-render-"));
    // The SDK would give it to the provider, which refuses it together with rendering.
    const { KUBECONFIG } = process.env;
    delete process.env.KUBECONFIG;
    try {
        await up(settings, id, dir);
        const stages = ENGINE_STAGES.map(
            async (stage) => [stage, await manifestsIn(join(dir, stage))] as const,
        );
        return Object.fromEntries(await Promise.all(stages)) as never;
    } finally {
        if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
        await rm(dir, { recursive: true, force: true });
    }
}

async function up(settings: Installing, id: StackId, dir: string): Promise<void> {
    const [backend, workDir] = ["state", "work"].map((name) => join(dir, name));
    await mkdir(backend!);
    await mkdir(workDir!);
    const errors: string[] = [];
    const onEvent = ({ diagnosticEvent }: EngineEvent) => {
        if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message.trim());
    };
    try {
        const stack = await LocalWorkspace.createOrSelectStack(
            {
                projectName: id.project,
                stackName: id.stack,
                program: renderProgram(settings, dir),
            },
            {
                workDir: workDir!,
                envVars: {
                    ...NO_CLUSTER,
                    PULUMI_BACKEND_URL: `file://${backend}`,
                    // Nothing in the state is secret, and it is gone in a moment.
                    PULUMI_CONFIG_PASSPHRASE: "",
                    PULUMI_SKIP_UPDATE_CHECK: "true",
                },
            },
        );
        await stack.up({ onEvent, suppressProgress: true });
    } catch (error) {
        throw new Error(whyNot(errors, messageOf(error)));
    }
}

/** What to do where the Automation API found no CLI; undefined when something else is wrong. */
export function withoutCli(message: string): string | undefined {
    if (!/ENOENT/.test(message) || !/pulumi/.test(message)) return undefined;
    return 'the Pulumi CLI is not on the PATH; install it, then run "pulumi install" here';
}

function whyNot(errors: string[], message: string): string {
    const missing = withoutCli(message);
    if (missing !== undefined) return missing;
    // The engine says the same twice, once with a stack of ours.
    const plain = errors.map((text) =>
        text
            .replace(/^(Unhandled exception: Error|One or more errors occurred): /, "")
            .replaceAll(/\n\s+at .*/g, ""),
    );
    return `the engine could not render the stack: ${[...new Set(plain)].join("\n") || message}`;
}

/** All objects in the folders that the provider makes: CRDs, and the rest. */
async function manifestsIn(folder: string): Promise<Manifest[]> {
    if (!existsSync(folder)) return [];
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const texts = files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8"));
    return (await Promise.all(texts)).map((text) => parse(text, { version: "1.1" }) as Manifest);
}
