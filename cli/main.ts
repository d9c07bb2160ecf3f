/** The command `cilium-spire`: its verbs, and what their ends mean to a shell. */
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { Command, CommanderError } from "commander";
import type { ExitCode } from "./arguments";
import { backup } from "./backup";
import { diff } from "./diff";
import { doctor } from "./doctor";
import { enforce } from "./enforce";
import { fleet } from "./fleet";
import { observe } from "./observe";
import { prove } from "./prove";
import { render } from "./render";
import { restore } from "./restore";

/**
 * The command with its verbs.
 *
 * @param end called by a verb with what it found.
 */
export function commandLine(end: (code: ExitCode) => void): Command {
    const program = new Command("cilium-spire")
        .description(
            "Looks after a cluster whose pods authenticate by Cilium and a SPIRE of your own.",
        )
        .addHelpText(
            "after",
            "\nExit codes: 0 all is well, 1 something is wrong, 2 it could not be found out.",
        )
        .showSuggestionAfterError()
        .exitOverride();
    for (const verb of [doctor, prove, observe, enforce, diff, backup, restore, render, fleet]) {
        program.addCommand(verb(end).copyInheritedSettings(program));
    }
    return program;
}

/**
 * Runs one verb.
 *
 * @param argv without interpreter and script.
 * @returns 0: all is well; 1: something is wrong; 2: that could not be found out, or the command line is wrong.
 */
export async function main(argv: readonly string[]): Promise<number> {
    let code: number = 0;
    try {
        await commandLine((found) => (code = found)).parseAsync(argv, { from: "user" });
        return code;
    } catch (error) {
        // Commander has said what is wrong with the line, or has printed the help that was asked for.
        if (error instanceof CommanderError) return error.exitCode && 2;
        console.error(`cilium-spire: ${messageOf(error)}`);
        return 2;
    }
}
