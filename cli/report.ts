/** What the doctor found, for people and for programs. */
import { styleText } from "node:util";
import type { Finding } from "../doctor/checks/check";
import type { Result, Verdict } from "../doctor/examination/examine";

/** As wide as the widest, so that names stand in a column. */
const WORDS: Record<Verdict, string> = {
    ok: "ok   ",
    note: "note ",
    wrong: "WRONG",
    "left out": "-    ",
};
const COLOURS = { ok: "green", note: "yellow", wrong: "red", "left out": "dim" } as const;

/**
 * A line a check; below it where each finding is, why it matters and its cure; at last the sum. Colours where the terminal
 * has some (NO_COLOR, FORCE_COLOR).
 */
export function asText(results: readonly Result[]): string {
    const width = Math.max(...results.map(({ name }) => name.length));
    const line = (verdict: Verdict, name: string, text: string) =>
        `${styleText(COLOURS[verdict], WORDS[verdict])}  ${name.padEnd(width)}  ${text}`;
    const lines = results.flatMap(({ verdict, name, seen, findings }) => {
        if (verdict === "left out") return [line(verdict, name, `left out: ${seen}`)];
        if (findings.length === 0) return [line(verdict, name, seen)];
        return findings.flatMap((finding) => [
            line(finding.note ? "note" : "wrong", name, finding.what),
            ...details(finding),
        ]);
    });
    return [...lines, sumOf(results)].join("\n");
}

function details({ where, why, cure }: Finding): string[] {
    return [`       where: ${where}`, `       why:   ${why}`, `       cure:  ${cure}`];
}

/** One object, which a later version may add to. */
export function asJson(results: readonly Result[]): string {
    const healthy = results.every(({ verdict }) => verdict !== "wrong");
    return JSON.stringify({ healthy, checks: results });
}

/** `healthy: 21 checks, 1 with a note`. */
export function sumOf(results: readonly Result[]): string {
    const count = (wanted: Verdict) => results.filter(({ verdict }) => verdict === wanted).length;
    const [wrong, notes, leftOut] = [count("wrong"), count("note"), count("left out")];
    const health = wrong > 0 ? `${wrong} wrong` : "healthy";
    const all = results.length === 1 ? "1 check" : `${results.length} checks`;
    return [
        `${health}: ${all}`,
        ...(notes > 0 ? [`${notes} with a note`] : []),
        ...(leftOut > 0 ? [`${leftOut} left out`] : []),
    ].join(", ");
}
