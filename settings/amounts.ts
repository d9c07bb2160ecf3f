/** Amounts: of memory, of CPU, of time. Each knows its own rule and says the remedy. */
import { z } from "zod";

/**
 * An amount of memory or storage, and more than none. Kubernetes knows thousandths of a byte too, which nobody means, and
 * counts in 64 bits.
 */
export const byteQuantity = z
    .string("must be an amount such as 512Mi or 1Gi, in quotes")
    .regex(/^\d+(\.\d+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$/, "must be an amount such as 512Mi or 1Gi")
    .refine(isAmount, "must be more than 0, and less than 8388608Ti");

const cpuQuantity = z
    .string('must be an amount of CPU such as 100m or "1.5", in quotes')
    .regex(/^\d+(\.\d{1,3}|m)?$/, 'must be an amount of CPU such as 100m or "1.5"')
    .refine(isAmount, "must be more than 0, and what a machine can have");

function isAmount(text: string): boolean {
    const value = quantityValue(text);
    return Number.isNaN(value) || (value > 0 && value < 2 ** 63);
}

/** What Go's time.Duration holds: nanoseconds in 64 bits, 292 years. */
const LONGEST_SECONDS = (2n ** 63n - 1n) / 10n ** 9n;

/**
 * A Go duration of hours, minutes and seconds, as SPIRE reads it. Zero would mean "the default" to one program, "never" to
 * another, and stop a third.
 */
export const duration = z
    .string("must be a duration such as 24h, 1h30m or 45s")
    .regex(/^(?=\d)(\d+h)?(\d+m)?(\d+s)?$/, "must be a duration such as 24h, 1h30m or 45s")
    .refine((text) => durationSeconds(text) < LONGEST_SECONDS, "must be shorter than 292 years")
    .refine((text) => durationSeconds(text) > 0, "must be longer than 0s");

/** Seconds in a {@link duration}. */
export function durationSeconds(text: string): number {
    const units = { h: 3600, m: 60, s: 1 };
    return [...text.matchAll(/(\d+)([hms])/g)].reduce(
        (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
        0,
    );
}

const QUANTITY_UNITS: Record<string, number> = {
    m: 1e-3,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
};

/** What a quantity amounts to, in bytes or CPUs. NaN for what is none: rules also see what another has refused. */
export function quantityValue(text: string): number {
    const unit = /[A-Za-z]*$/.exec(text)![0];
    return parseFloat(text) * (QUANTITY_UNITS[unit] ?? 1);
}

function exceeds(request: string | undefined, limit: string | undefined): boolean {
    return (
        request !== undefined &&
        limit !== undefined &&
        quantityValue(request) > quantityValue(limit)
    );
}

/** Less than any of these programs starts with: most likely a unit was forgotten. */
const LEAST_MEMORY = "16Mi";

/** Requests and limits of a container. */
export function resources(defaults: {
    requests: Record<"cpu" | "memory", string>;
    limits: { memory: string };
}) {
    const amounts = z.strictObject({
        cpu: cpuQuantity.optional().describe("CPUs."),
        memory: byteQuantity.optional().describe("Memory."),
    });
    const limits = amounts.refine(
        ({ memory }) => !exceeds(LEAST_MEMORY, memory),
        `memory is less than ${LEAST_MEMORY}, with which nothing starts; use an amount such as 512Mi`,
    );
    return z
        .strictObject({
            requests: amounts.default(defaults.requests).describe("What the scheduler reserves."),
            limits: limits.default(defaults.limits).describe("What the container may not exceed."),
        })
        .refine(
            ({ requests, limits }) =>
                !exceeds(requests.cpu, limits.cpu) && !exceeds(requests.memory, limits.memory),
            "requests more than its limit; lower the request or raise the limit",
        )
        .prefault({});
}
