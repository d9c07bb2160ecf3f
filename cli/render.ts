/** `cilium-spire render`: a stack as YAML, for Flux and Argo CD. */
import { Argument, Command } from "commander";
import type * as Gitops from "../gitops/render";
import { configuredStack, type ExitCode, say, stackName, stdinOption } from "./arguments";

interface Options {
    stdin: boolean;
}

export function render(end: (code: ExitCode) => void): Command {
    return new Command("render")
        .description("write what an `up` of a stack would apply as YAML, for Flux and Argo CD")
        .addArgument(new Argument("<stack>", "name of the stack").argParser(stackName))
        .addArgument(
            new Argument(
                "<dir>",
                "folder to write to: new, empty, or rendered from the stack before",
            ),
        )
        .addOption(stdinOption())
        .action(async (stack: string, dir: string, { stdin }: Options) => {
            await renderInto(dir, stack, stdin);
            end(0);
        });
}

async function renderInto(dir: string, stack: string, stdin: boolean): Promise<void> {
    const { id, settings } = await configuredStack(stack, stdin);
    say("rendering");
    // The engine's library takes a second to load, which no other verb should wait for.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const gitops = require("../gitops/render") as typeof Gitops;
    const { written, removed, unchanged, ids } = await gitops.render(settings, id, dir);
    for (const file of written) console.log(`~ ${file}`);
    for (const file of removed) console.log(`- ${file}`);
    console.log(
        `${dir}: ${written.length} written, ${removed.length} removed, ${unchanged} as before; registration entries: ${ids.entries.length}` +
            (ids.removed.length > 0 ? `, to be deleted: ${ids.removed.join(", ")}` : ""),
    );
}
