/** What the doctor found, for people and for programs. */
import { styleText } from "node:util";
import type { Result, Verdict } from "../doctor/examination";

/** As wide as the widest, so that names stand in a column. */
const WORDS: Record<Verdict, string> = { ok: "ok   ", note: "note ", wrong: "WRONG" };
const COLOURS = { ok: "green", note: "yellow", wrong: "red" } as const;

/** A line a check, its cure below it, and the sum; colours where the terminal has some (NO_COLOR, FORCE_COLOR). */
export function asText(results: readonly Result[]): string {
    const lines = results.flatMap(({ verdict, name, finding, cure }) => [
        `${styleText(COLOURS[verdict], WORDS[verdict])}  ${name}: ${finding}`,
        ...(cure === undefined ? [] : [`       cure: ${cure}`]),
    ]);
    return [...lines, sumOf(results)].join("\n");
}

/** One object, which a later version may add to. */
export function asJson(results: readonly Result[]): string {
    const healthy = results.every(({ verdict }) => verdict !== "wrong");
    return JSON.stringify({ healthy, checks: results });
}

function sumOf(results: readonly Result[]): string {
    const count = (wanted: Verdict) => results.filter(({ verdict }) => verdict === wanted).length;
    const [wrong, notes] = [count("wrong"), count("note")];
    const health = wrong > 0 ? `${wrong} wrong` : "healthy";
    const all = results.length === 1 ? "1 check" : `${results.length} checks`;
    return `${health}: ${all}${notes > 0 ? `, ${notes} with a note` : ""}`;
}
