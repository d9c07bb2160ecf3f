/** `cilium-spire doctor STACK`, and the last step of every `up` (components/verification.ts). */
import { Argument, Command } from "commander";
import { examineUntilHealthy, isWrong } from "../doctor/examination";
import { configuredStack, type ExitCode, stackName, stdinOption, waitOption } from "./arguments";

export function doctor(end: (code: ExitCode) => void): Command {
    return new Command("doctor")
        .description(
            "examine the cluster of a stack: what is wrong, with its cure; changes nothing",
        )
        .addArgument(new Argument("<stack>", "name of the stack").argParser(stackName))
        .addOption(waitOption("--wait", "give the stack that long to become healthy", 0))
        .addOption(stdinOption())
        .action(async (stack: string, { wait, stdin }: { wait: number; stdin: boolean }) => {
            const { id, settings } = await configuredStack(stack, stdin);
            const results = await examineUntilHealthy(id, settings, wait);
            for (const result of results) {
                const { name, finding, cure } = result;
                const verdict = isWrong(result) ? "WRONG" : cure === undefined ? "ok   " : "note ";
                console.log(`${verdict}  ${name}: ${finding}`);
                if (cure !== undefined) console.log(`       cure: ${cure}`);
            }
            end(results.some(isWrong) ? 1 : 0);
        });
}
