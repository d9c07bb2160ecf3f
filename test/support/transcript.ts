/** Blocks of a document that are commands, each with what it says that they print. */
import assert from "node:assert/strict";
import { execa } from "execa";
import { blocksOf, read } from "./markdown";

/** A block of commands. */
export interface Step {
    /** `file:line` of its first command. */
    at: string;
    commands: string;
    /** The block of text that follows, or undefined. */
    prints?: string;
}

/** Between the outputs of steps; no program prints it. */
const MARK = "@@@ step";
/** A line for any number of lines, none included. */
const GAP = "...";
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** The steps of a document, in its order. */
export function stepsOf(file: string): Step[] {
    const blocks = blocksOf(file, read(file));
    return blocks.flatMap(({ language, line, text }, i) => {
        if (language !== "sh") return [];
        const next = blocks[i + 1];
        const prints = next?.language === "text" ? { prints: next.text } : {};
        return [{ at: `${file}:${line}`, commands: text, ...prints }];
    });
}

/** Where a reader's shell is. */
export interface Shell {
    cwd: string;
    /** All of it: nothing is inherited. */
    env: NodeJS.ProcessEnv;
    deadlineMs: number;
}

/**
 * Runs the steps in one shell.
 *
 * @throws AssertionError with the step that fails, or that prints something else than the document says.
 */
export async function runSteps(
    steps: readonly Step[],
    { deadlineMs, ...shell }: Shell,
): Promise<void> {
    const { exitCode, timedOut, all } = await execa("bash", ["-c", scriptOf(steps)], {
        ...{ ...shell, extendEnv: false, stdin: "ignore", all: true, reject: false },
        stripFinalNewline: false,
        timeout: deadlineMs,
    });
    const outputs = outputsOf(all);
    const reached = outputs.length;
    const failed = timedOut ? `has not ended after ${deadlineMs / 60_000} minutes` : "failed";
    assert.ok(exitCode === 0, `${steps[reached - 1]?.at} ${failed}:\n${outputs.at(-1) ?? all}`);
    assert.equal(reached, steps.length);
    const differences = steps.flatMap(({ at, prints }, i) => {
        const difference = prints === undefined ? undefined : differs(prints, outputs[i]!);
        return difference === undefined ? [] : [`${at}: ${difference} in\n${outputs[i]!}`];
    });
    assert.equal(differences.join("\n"), "");
}

/** One script of all steps, as a reader types them into one shell; it ends with the first command that fails. */
export function scriptOf(steps: readonly Step[]): string {
    const blocks = steps.map(({ commands }) => `printf '\\n%s\\n' '${MARK}'\n${commands}`);
    return ["set -euo pipefail", ...blocks].join("\n");
}

/** What each step of {@link scriptOf} printed; fewer than there are steps when one failed. */
export function outputsOf(output: string): string[] {
    return output
        .split(`\n${MARK}\n`)
        .slice(1)
        .map((text) => text.replaceAll("\r", ""));
}

/**
 * Why an output is not what a document says, or undefined. Numbers, UUIDs and the width of gaps may differ; `…` stands for
 * anything in a line, a line `...` for any lines.
 */
export function differs(prints: string, output: string): string | undefined {
    const wanted = prints.trimEnd().split("\n");
    const lines = output.trim().split("\n");
    let at = 0;
    let gap = false;
    for (const line of wanted) {
        if (line.trim() === GAP) {
            gap = true;
            continue;
        }
        const pattern = patternOf(line);
        const found = lines.findIndex((each, i) => i >= at && pattern.test(each));
        if (found < 0) return `no line "${line}" after line ${at}`;
        if (!gap && found > at) return `before "${line}" it also prints "${lines[at]!}"`;
        at = found + 1;
        gap = false;
    }
    return gap || at === lines.length ? undefined : `in the end it also prints "${lines[at]!}"`;
}

function patternOf(line: string): RegExp {
    const source = line
        .trim()
        .split(new RegExp(`(…|${UUID.source}|\\d+|\\s+)`))
        .map((part) => {
            if (part === "…") return ".*";
            if (UUID.test(part)) return UUID.source;
            if (/^\d+$/.test(part)) return "\\d+";
            return /^\s+$/.test(part) ? "\\s+" : part.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
        });
    return new RegExp(`^\\s*${source.join("")}\\s*$`);
}
