/** The Pulumi CLI by itself, as users run it: the Node language host runs the program's sources. */
import { delimiter, dirname, join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { ensureBinary } from "../../sandbox/build/binaries";
import { repositoryRoot } from "../../sandbox/host/paths";
import { launch, type Operation } from "./operation";

/** Starts `pulumi <verb>` on a stack of the main program, with the configuration that was made for the stack. */
export async function startCli(
    stack: Stack,
    verb: "up" | "destroy" | "refresh" | "cancel",
    ...args: string[]
): Promise<Operation> {
    const host = dirname(await ensureBinary("pulumi-language-nodejs"));
    const configFile = join(stack.workspace.workDir, `Pulumi.${stack.name}.yaml`);
    const where = ["--cwd", repositoryRoot, "--stack", stack.name, "--yes", "--non-interactive"];
    const config = verb === "cancel" ? [] : ["--config-file", configFile];
    return launch("pulumi", [verb, ...where, ...config, ...args], {
        PATH: [host, process.env.PATH].join(delimiter),
    });
}

/**
 * Runs `pulumi <verb>` to its end and returns what it printed.
 *
 * @throws Error with that, when it fails.
 */
export async function cli(...args: Parameters<typeof startCli>): Promise<string> {
    const { code, output } = await (await startCli(...args)).ended;
    if (code !== 0) throw new Error(`pulumi ${args[1]}: exit status ${code ?? "none"}\n${output}`);
    return output;
}
