/** `cilium-spire diff`: what a preview would change, for people who review it. */
import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { Argument, Command, Option } from "commander";
import { asJson } from "../review/json";
import { asMarkdown } from "../review/markdown";
import { type Preview, previewOf } from "../review/preview";
import { hasChanges, type Review, reviewOf } from "../review/review";
import { asText } from "../review/text";
import type { ExitCode } from "./arguments";

const FORMATS = {
    text: asText,
    markdown: (review: Review) => asMarkdown(review),
    json: asJson,
};
/** As a file's name: standard input. */
const STDIN = "-";

interface Options {
    format: keyof typeof FORMATS;
    exitCode: boolean;
}

export function diff(end: (code: ExitCode) => void): Command {
    return new Command("diff")
        .description(
            'show for review what a preview would change, registration entries by node; reads what "pulumi preview --json" printed',
        )
        .addArgument(new Argument("[file]", "what it printed; - is standard input").default(STDIN))
        .addOption(
            new Option("--format <format>", "for whom: a comment of a pull request is Markdown")
                .choices(Object.keys(FORMATS))
                .default("text"),
        )
        .option("--exit-code", "exit with 1 when something would change, as git diff does", false)
        .action(async (file: string, { format, exitCode }: Options, command: Command) => {
            if (file === STDIN && process.stdin.isTTY) {
                command.error('error: give a file, or pipe "pulumi preview --json" into it');
            }
            const review = reviewOf(await previewIn(file));
            console.log(FORMATS[format](review));
            end(codeOf(review, exitCode));
        });
}

/** @throws Error that names the file. */
async function previewIn(file: string): Promise<Preview> {
    const isStdin = file === STDIN;
    try {
        return previewOf(await text(isStdin ? process.stdin : createReadStream(file)));
    } catch (error) {
        throw new Error(`${isStdin ? "standard input" : file}: ${messageOf(error)}`);
    }
}

/** Of a preview that failed nobody knows what an `up` would change. */
function codeOf(review: Review, exitCode: boolean): ExitCode {
    if (!review.complete) return 2;
    return exitCode && hasChanges(review) ? 1 : 0;
}
