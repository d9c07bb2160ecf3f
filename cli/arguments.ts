/** What the verbs' command lines have in common. */
import { text } from "node:stream/consumers";
import { InvalidArgumentError, Option } from "commander";
import { projectName, settingsOfFile } from "../doctor/stackFile";
import type { StackId } from "../components/owner";
import { decodeSettings } from "../settings/decode";
import type { Settings } from "../settings/schema";

/** What a verb found: 0 when all is well, 1 when something is wrong, 2 when it could not be found out. */
export type ExitCode = 0 | 1 | 2;

const LONGEST_WAIT_S = 99_999;

/** `<flag> SECONDS`. */
export function waitOption(flag: string, description: string, seconds: number): Option {
    return new Option(`${flag} <seconds>`, description).default(seconds).argParser((value) => {
        if (/^\d+$/.test(value) && Number(value) <= LONGEST_WAIT_S) return Number(value);
        throw new InvalidArgumentError(`Give a whole number of seconds, up to ${LONGEST_WAIT_S}.`);
    });
}

/** `--stdin`. */
export function stdinOption(): Option {
    return new Option(
        "--stdin",
        "read the stack's settings from standard input, as JSON, not from Pulumi.STACK.yaml",
    ).default(false);
}

/** The name of a stack, as an argument. @throws InvalidArgumentError when it is empty. */
export function stackName(value: string): string {
    if (value !== "") return value;
    throw new InvalidArgumentError("It is empty.");
}

/** A stack and what is configured for it. */
export interface ConfiguredStack {
    id: StackId;
    settings: Settings;
}

/** @param stdin where the settings are: see {@link stdinOption}. */
export async function configuredStack(stack: string, stdin: boolean): Promise<ConfiguredStack> {
    const settings = stdin
        ? decodeSettings(JSON.parse(await text(process.stdin)))
        : settingsOfFile(`Pulumi.${stack}.yaml`);
    return { id: { project: projectName(), stack }, settings };
}

/** Progress, which is not the result. */
export function say(text: string): void {
    console.error(`${text} ...`);
}
