/** `cilium-spire fleet`: stacks of a project in waves, each on a cluster of its own. */
import { styleText } from "node:util";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type * as Fleets from "../fleet/fleet";
import type { Operation } from "../fleet/project";
import { printable } from "../review/text";
import { type ExitCode, say, waitOption } from "./arguments";
import { doneText, outcomeText, previewText } from "./fleetReport";
import { asText, sumOf } from "./report";

interface Options {
    parallel: number;
    wait: number;
}

type Action = "preview" | "up";

export function fleet(end: (code: ExitCode) => void): Command {
    return new Command("fleet")
        .description(
            "bring up the stacks of a project in waves, each when the doctor finds the clusters of the wave before healthy",
        )
        .addArgument(
            new Argument(
                "<action>",
                "preview: what would change; up: the same, then wave after wave",
            ).choices(["preview", "up"]),
        )
        .addArgument(new Argument("[file]", "which stacks, in which waves").default("fleet.yaml"))
        .addOption(
            new Option("--parallel <stacks>", "how many stacks are worked on at once")
                .default(4)
                .argParser(parallelOf),
        )
        .addOption(waitOption("--wait", "give a wave's clusters that long to become healthy", 300))
        .action(async (action: Action, file: string, options: Options, command: Command) => {
            if (action === "preview" && command.getOptionValueSource("wait") === "cli") {
                command.error("error: --wait is for up; a preview waits for no cluster");
            }
            end(await run(action, file, options));
        });
}

function parallelOf(value: string): number {
    if (/^[1-9]\d?$/.test(value)) return Number(value);
    throw new InvalidArgumentError("Give a whole number from 1 to 99.");
}

async function run(action: Action, file: string, options: Options): Promise<ExitCode> {
    // The engine's library takes a second to load, which no other verb should wait for.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { Fleet } = require("../fleet/fleet") as typeof Fleets;
    const found = await Fleet.open(file);
    const line = lineOf(found.waves.flat());
    const signals = onInterrupt();
    const isOver = () => signals.stop.aborted;
    const undertaking = {
        ...{ parallel: options.parallel, ...signals },
        say: (stack: string, text: string) => console.error(line(stack, text)),
    };
    say(`preview of ${found.waves.flat().length} stacks`);
    const previews = await found.previews(undertaking);
    if (isOver()) throw new Error("interrupted; nothing was changed");
    for (const [stack, operation] of previews) console.log(line(stack, previewText(operation)));
    requireAll(previews);
    if (action === "preview") return 0;
    const outcome = await found.up({
        ...undertaking,
        wait: options.wait,
        onWave: (number, stacks) =>
            console.log(`wave ${number} of ${found.waves.length}: ${stacks.join(", ")}`),
        onUp: (stack, operation) => console.log(line(stack, `up: ${doneText(operation)}`)),
        onHealthy: (stack, results) => console.log(line(stack, sumOf(results))),
        findings: asText,
    });
    console.log(outcomeText(outcome));
    if (isOver()) return 2;
    return outcome.failed.length > 0 ? 1 : 0;
}

/** @throws Error that names those which were refused. */
function requireAll(previews: ReadonlyMap<string, Operation>): void {
    const refused = [...previews].filter(([, { errors }]) => errors.length > 0);
    if (refused.length === 0) return;
    const names = refused.map(([stack]) => stack).join(", ");
    throw new Error(`the preview failed of ${names}; nothing was changed`);
}

/** Every line begins with the stack that it is of. */
function lineOf(stacks: readonly string[]): (stack: string, text: string) => string {
    const width = Math.max(...stacks.map((stack) => stack.length));
    return (stack, text) =>
        text
            .split("\n")
            .map((part) => `${styleText("bold", stack.padEnd(width))} | ${printable(part)}`)
            .join("\n");
}

/**
 * Ctrl-C reaches Pulumi as well, which cancels what it does: nothing more is begun, and what runs comes to its end. A second
 * one, or SIGTERM, which Pulumi does not see, is handed on to it.
 */
function onInterrupt(): { stop: AbortSignal; cancel: AbortSignal } {
    const [stop, cancel] = [new AbortController(), new AbortController()];
    process.on("SIGINT", () => {
        if (stop.signal.aborted) cancel.abort();
        else console.error("interrupted: nothing more is begun, and what runs is waited for");
        stop.abort();
    });
    process.on("SIGTERM", () => {
        stop.abort();
        cancel.abort();
    });
    return { stop: stop.signal, cancel: cancel.signal };
}
