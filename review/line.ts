/** Marked lines, and what stands in them. */
import type { Op } from "./resources";
import type { Difference } from "./values";

/** What a line tells: something comes, goes, changes; or it says more of the one above. */
export type Mark = "+" | "-" | "~" | " ";

export interface Line {
    mark: Mark;
    text: string;
}

export const MARKS: Record<Op, Mark> = { create: "+", update: "~", replace: "~", delete: "-" };
/** Names in one line; a reader who needs more looks at the preview itself. */
const NAMES = 5;
/** Differences of one resource. */
const DIFFERENCES = 12;
/** So many properties that change in the same way are one line. */
const ALIKE = 3;

/** A line per difference, as many as a reader takes in. */
export function differenceLines(found: readonly Difference[]): Line[] {
    const lines = [...Map.groupBy(found, sameValues).values()].flatMap((alike) => {
        const [first] = alike;
        const isOne =
            alike.length >= ALIKE && first!.before !== undefined && first!.after !== undefined;
        if (!isOne) return alike.map((one) => said(one));
        return [said({ ...first!, path: `${first!.path} and ${alike.length - 1} more` })];
    });
    const more = lines.length - DIFFERENCES;
    const shown =
        more <= 1 ? lines : [...lines.slice(0, DIFFERENCES), `and ${more} more properties`];
    return shown.map((text) => ({ mark: " ", text: `  ${text}` }));
}

function sameValues({ before, after }: Difference): string {
    return JSON.stringify([before, after]);
}

/** A difference in words. */
export function said({ path, before, after }: Difference): string {
    if (before !== undefined && after !== undefined) return `${path}: ${before} → ${after}`;
    if (after !== undefined) return `${path} added: ${after}`;
    return before !== undefined ? `${path} removed: ${before}` : `${path} differs`;
}

/** `1 node`, `3 nodes`. */
export function counted(names: readonly string[], noun: string): string {
    return names.length === 1 ? `1 ${noun}` : `${names.length} ${noun}s`;
}

/** Names, or the first of many and how many more there are. */
export function list(names: readonly string[]): string {
    const more = names.length - NAMES;
    if (more <= 1) return names.join(", ");
    return `${names.slice(0, NAMES).join(", ")} and ${more} more`;
}
