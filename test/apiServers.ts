/**
 * `make apiservers`: the program's objects, as the real engine and provider write them, on the API servers of other releases
 * of Kubernetes. No pod runs. Not part of `make test`: each API server takes minutes to build.
 *
 * Arguments: the releases to try, such as `1.31.14`; all when there are none.
 */
import { rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import * as pulumi from "@pulumi/pulumi";
import { InvalidArgumentError, program } from "commander";
import { parse } from "yaml";
import { mergeValues, type Values } from "../settings/cilium/values";
import { ensureKubernetesProgram } from "../sandbox/build/kubernetesRelease";
import { repositoryRoot } from "../sandbox/host/paths";
import { progress } from "../sandbox/host/shell";
import { enterPulumi, openStack, platformProgram, type Program } from "../automation/stack";
import { skipAwait } from "./engine/transforms";
import { prepareProduction, startApiServer } from "./support/apiServer";

/** One of each minor release that is supported and not the sandbox's own, all of whose modules can be had. */
const RELEASES: readonly string[] = ["1.30.14", "1.31.14", "1.32.0", "1.33.0", "1.35.0"];
const STACKS = ["dev", "prod"] as const;
/** The entries need pods, and what protects the stack needs the entries. */
const PODLESS = { exclude: ["**AgentEntries::**", "**:Protection::**"] };
/** From 1.33 on the kubelet knows the right that is the default (doctor/requirements.ts). */
const FIRST_WITH_FINE_GRAINED_KUBELET = 33;

/**
 * Writes the objects of a stack file to a new API server of the release, and returns how many there were.
 *
 * @throws Error when one is not admitted, or not kept as it was sent.
 */
async function admit(release: string, file: string, dir: string): Promise<number> {
    const api = await startApiServer({
        program: await ensureKubernetesProgram(release, "kube-apiserver"),
    });
    try {
        const home = { dir, kubeconfig: api.kubeconfig };
        await enterPulumi(home);
        if (file === "prod") await prepareProduction(api);
        // Not the name of a stack file: the configuration is all that is given here.
        const program = await podlessProgram(release, file);
        const stack = await openStack(home, program, `objects-${file}-${release}`);
        await stack.up(PODLESS);
        // What the API server dropped or changed would show as a difference.
        await stack.preview({ ...PODLESS, refresh: true, expectNoChanges: true });
        const { deployment } = (await stack.exportStack()) as {
            deployment: { resources: { type: string; custom: boolean }[] };
        };
        const objects = deployment.resources.filter(
            ({ type, custom }) => custom && type.startsWith("kubernetes:"),
        );
        return objects.length;
    } finally {
        await api.stop();
    }
}

/** The program with the configuration of a stack file, and what its release needs; nothing waits for pods. */
async function podlessProgram(release: string, file: string): Promise<Program> {
    const text = await readFile(join(repositoryRoot, `Pulumi.${file}.yaml`), "utf8");
    const { config } = parse(text) as { config: Values };
    const older: Values = { agent: { kubelet: { authorization: "nodes/proxy" } } };
    const isOlder = Number(release.split(".")[1]) < FIRST_WITH_FINE_GRAINED_KUBELET;
    const program = await platformProgram(
        mergeValues(config, {
            "cilium-spire:verify": false,
            ...(isOlder && { "cilium-spire:spire": older }),
        }),
    );
    const run = () => {
        const outputs = program.run();
        // The stack's transformations come after the program's own, which are its components'.
        pulumi.runtime.registerResourceTransform(skipAwait);
        return outputs;
    };
    return { ...program, run };
}

async function main(wanted: readonly string[]): Promise<void> {
    // One for all: programs that this process runs share its environment.
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-apiservers-"));
    process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
    for (const release of wanted) {
        for (const file of STACKS) {
            progress(`Kubernetes ${release}, Pulumi.${file}.yaml`);
            const result = await admit(release, file, dir).then(
                (count) => `${count} objects admitted`,
                (error: unknown) => {
                    process.exitCode = 1;
                    return `FAILED: ${messageOf(error)}`;
                },
            );
            console.log(`${release.padEnd(8)} Pulumi.${file}.yaml: ${result}`);
        }
    }
}

/** @throws InvalidArgumentError */
function releaseNames(word: string, before: readonly string[]): string[] {
    if (!/^1\.\d+\.\d+$/.test(word)) throw new InvalidArgumentError("A release is like 1.31.14.");
    // What commander hands over first is the default.
    return before === RELEASES ? [word] : [...before, word];
}

program.argument("[release...]", "releases to try", releaseNames, RELEASES).action(main);
program.parseAsync().then(
    () => process.exit(),
    (error: unknown) => {
        console.error(messageOf(error));
        process.exit(1);
    },
);
