/** Values with their units, as Grafana writes them. */

/** A unit of an axis: what a value is divided by, and what is written after it. */
export interface Scale {
    by: number;
    suffix: string;
}

/** By Grafana's names: from the smallest value on, what is used for it. */
const SCALES: Record<string, [from: number, Scale][]> = {
    short: [
        [0, { by: 1, suffix: "" }],
        [1e3, { by: 1e3, suffix: " K" }],
        [1e6, { by: 1e6, suffix: " Mil" }],
    ],
    ops: [[0, { by: 1, suffix: " ops/s" }]],
    ms: [
        [0, { by: 1, suffix: " ms" }],
        [1e3, { by: 1e3, suffix: " s" }],
    ],
    s: [
        [0, { by: 1, suffix: " s" }],
        [120, { by: 60, suffix: " min" }],
        [7200, { by: 3600, suffix: " h" }],
        [2 * 86_400, { by: 86_400, suffix: " d" }],
    ],
    bytes: [
        [0, { by: 1, suffix: " B" }],
        [1024, { by: 1024, suffix: " KiB" }],
        [1024 ** 2, { by: 1024 ** 2, suffix: " MiB" }],
        [1024 ** 3, { by: 1024 ** 3, suffix: " GiB" }],
    ],
};

/**
 * The unit of an axis that goes up to a value.
 *
 * @throws Error for a unit that no panel had so far.
 */
export function scaleFor(unit: string, largest: number): Scale {
    const found = SCALES[unit]?.findLast(([from]) => largest >= from);
    if (!found) throw new Error(`no unit "${unit}"; add it here`);
    return found[1];
}
