/** When something happens again and again, in the words of cron: the part that Kubernetes' CronJobs and every cron agree on. */
import { z } from "zod";

/** Lowest and highest number of minute, hour, day of the month, month and day of the week (robfig/cron v3, spec.go). */
const BOUNDS = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 6],
] as const;

/** The longest that each month can be. */
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A schedule of numbers. Names of months, `@daily` and time zones are other words for what this can say. */
export const cronSchedule = z
    .string('must be a schedule such as "30 2 * * *", in quotes')
    .max(200)
    .refine(
        (text) => fieldsOf(text) !== undefined,
        'must be a schedule of five fields, such as "30 2 * * *" for every night at half past two: minute, hour, day of the month, month, day of the week from 0 for Sunday to 6',
    )
    .refine(
        (text) => comes(fieldsOf(text)),
        "names a day that no month of it has, so it would never come; must name another",
    );

/** The numbers of each field; undefined when a field is none. */
function fieldsOf(text: string): number[][] | undefined {
    const fields = text.split(" ");
    if (fields.length !== BOUNDS.length) return undefined;
    const numbers = fields.map((field, i) => numbersOf(field, BOUNDS[i]!));
    return numbers.every((list) => list !== undefined) ? numbers : undefined;
}

/** A list of `*`, `n` or `n-m`, each of which may have a step: `*`/5. */
function numbersOf(field: string, [lowest, highest]: readonly [number, number]) {
    const numbers: number[] = [];
    for (const part of field.split(",")) {
        const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
        if (!match) return undefined;
        const [, from, to, step] = match.map((digits) => digits && Number(digits));
        const first = (from as number | undefined) ?? lowest;
        // As Kubernetes reads it: "3/5" has no end, "3" is its own.
        const open = from === undefined || (to === undefined && step !== undefined);
        const last = (to as number | undefined) ?? (open ? highest : first);
        if (first < lowest || last > highest || first > last || step === 0) return undefined;
        for (let n = first; n <= last; n += (step as number | undefined) ?? 1) numbers.push(n);
    }
    return numbers;
}

/** Whether there is such a day. One of the week comes anyway, where both are named either will do. */
function comes(fields: number[][] | undefined): boolean {
    if (!fields) return true;
    const [, , days, months, weekdays] = fields;
    return weekdays!.length < 7 || months!.some((month) => Math.min(...days!) <= DAYS[month - 1]!);
}
