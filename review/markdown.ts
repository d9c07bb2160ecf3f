/** A review as the comment of a pull request: GitHub's Markdown, which GitLab reads as well. */
import type { Line } from "./line";
import { sections, sumOf } from "./lines";
import type { Review } from "./review";
import { printable } from "./text";

/** GitHub takes 65,536 characters; the rest is for what others put around it. */
const LIMIT = 65_000;
/** Of errors, and of warnings. */
const TEXT_LIMIT = 8_000;
/** What a fence, a heading and the word of what is left out need. */
const RESERVE = 400;

/**
 * As Markdown.
 *
 * Names and values are text to it, never markup: they are in fenced blocks, or written as character references.
 *
 * @param limit characters at most: lines are left out, and counted, beyond it.
 */
export function asMarkdown(review: Review, limit = LIMIT): string {
    const { stack, complete, errors, warnings, effects } = review;
    const of = stack === undefined ? "" : ` of ${escaped(stack)}`;
    const head = [
        `### Preview${of}${complete ? "" : " failed"}`,
        "",
        `**${escaped(sumOf(review))}**`,
        ...(errors.length > 0 ? ["", ...fenced("text", textLines(errors))] : []),
        ...(effects.length > 0
            ? ["", "For pods:", "", ...effects.map((text) => `- ${escaped(text)}`)]
            : []),
    ];
    const tail =
        warnings.length > 0
            ? [
                  "",
                  "<details><summary>Warnings</summary>",
                  "",
                  ...fenced("text", textLines(warnings)),
                  "",
                  "</details>",
              ]
            : [];
    const room = limit - RESERVE - lengthOf(head) - lengthOf(tail);
    return [...head, ...details(review, room), ...tail].join("\n");
}

function details(review: Review, room: number): string[] {
    const output: string[] = [];
    let [left, dropped] = [room, 0];
    for (const { title, lines } of sections(review)) {
        const kept: string[] = [];
        left -= title.length + 20;
        for (const line of lines.map(marked)) {
            // Once something is left out, so is all that follows.
            if (dropped > 0 || left < line.length + 1) dropped++;
            else {
                kept.push(line);
                left -= line.length + 1;
            }
        }
        if (kept.length > 0) output.push("", `**${escaped(title)}**`, "", ...fenced("diff", kept));
    }
    if (dropped > 0) {
        output.push(
            "",
            `${dropped} more lines do not fit into a comment: run \`pulumi preview --diff\`.`,
        );
    }
    return output;
}

/** `!` is how GitHub and GitLab colour what changes. */
function marked({ mark, text }: Line): string {
    return `${mark === "~" ? "!" : mark} ${printable(text)}`.trimEnd();
}

function textLines(texts: readonly string[]): string[] {
    const all = texts.join("\n");
    const kept = all.length > TEXT_LIMIT ? `${all.slice(0, TEXT_LIMIT)} …` : all;
    return kept.split("\n").map(printable);
}

/** A fence is longer than any that stands in the text. */
function fenced(language: string, lines: readonly string[]): string[] {
    const runs = lines.flatMap((line) => line.match(/`+/g) ?? []);
    const fence = "`".repeat(Math.max(3, ...runs.map(({ length }) => length + 1)));
    return [`${fence}${language}`, ...lines, fence];
}

/** What Markdown or HTML would take for its own, and what would call somebody. */
function escaped(text: string): string {
    return printable(text).replace(/[\\`*_[\]<>&@#|~]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function lengthOf(lines: readonly string[]): number {
    return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
