/** `cilium-spire doctor STACK`, and the last step of every `up` (components/verification.ts). */
import { setTimeout } from "node:timers/promises";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { checks } from "../doctor/checks";
import { examineUntilHealthy, isWrong } from "../doctor/examination";
import { configuredStack, type ExitCode, stackName, stdinOption, waitOption } from "./arguments";
import { asJson, asText } from "./report";

const WATCH_PAUSE_MS = 5_000;

interface Options {
    wait: number;
    stdin: boolean;
    only: string[];
    json: boolean;
    watch: boolean;
}

export function doctor(end: (code: ExitCode) => void): Command {
    return new Command("doctor")
        .description(
            "examine the cluster of a stack: what is wrong, with its cure; changes nothing",
        )
        .addArgument(new Argument("<stack>", "name of the stack").argParser(stackName))
        .addOption(onlyOption())
        .option("--json", "print JSON instead of text", false)
        .addOption(
            new Option("--watch", "go on, and print again what has changed, until Ctrl-C")
                .default(false)
                .conflicts("wait"),
        )
        .addOption(waitOption("--wait", "give the stack that long to become healthy", 0))
        .addOption(stdinOption())
        .action(async (stack: string, options: Options) => {
            const { id, settings } = await configuredStack(stack, options.stdin);
            const report = options.json ? asJson : asText;
            let printed = "";
            for (;;) {
                const { wait, only } = options;
                const results = await examineUntilHealthy(id, settings, wait, only);
                const text = report(results);
                if (text !== printed) console.log(text);
                printed = text;
                end(results.some(isWrong) ? 1 : 0);
                if (!options.watch) return;
                await setTimeout(WATCH_PAUSE_MS);
            }
        });
}

function onlyOption(): Option {
    const ids = checks.map(({ id }) => id);
    return new Option("--only <check>", `one check, or several by repeating it: ${ids.join(", ")}`)
        .default([], "all")
        .argParser((id, before: string[]) => {
            if (ids.includes(id)) return [...before, id];
            throw new InvalidArgumentError(`There are ${ids.join(", ")}.`);
        });
}
