/** The small words of the configuration: each knows its own rule and says the remedy. */
import { posix } from "node:path";
import { z } from "zod";

/** Lower case only: the SPIFFE standard, section 2.1. */
export const trustDomain = z
    .string()
    .max(255)
    .regex(
        /^[a-z0-9][a-z0-9._-]*$/,
        'not a SPIFFE trust domain; use lower-case letters, digits, ".", "-" and "_", without "spiffe://"',
    );

/** Becomes a segment of every agent's SPIFFE ID. */
export const clusterName = z
    .string()
    .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
        'must be 1 to 63 letters, digits, ".", "-" or "_"; it is a segment of the SPIFFE ID of every agent',
    );

export const version = z
    .string("must be a version such as 1.18.4, in quotes")
    .regex(/^\d+\.\d+\.\d+$/, "must be a full version such as 1.18.4, without a leading v");

/** A Kubernetes object name (RFC 1123 label). */
export const objectName = z
    .string()
    .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        'must be 1 to 63 lower-case letters, digits or "-"',
    );

export const quantity = z
    .string()
    .regex(
        /^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/,
        "must be a Kubernetes quantity such as 100m, 512Mi or 1Gi",
    );

/** Linux allows 107 bytes for the path of a Unix socket (sun_path). */
export const socketPath = z
    .string()
    .max(107, "is longer than the 107 bytes that Linux allows for a Unix socket")
    .refine(
        (path) => posix.isAbsolute(path) && posix.normalize(path) === path && !path.endsWith("/"),
        "must be an absolute path of a file, without . or .. or a trailing slash",
    );

/** A Go duration of hours, minutes and seconds, as SPIRE reads it. */
export const duration = z
    .string()
    .regex(/^(?=\d)(\d+h)?(\d+m)?(\d+s)?$/, "must be a duration such as 24h, 1h30m or 45s");

/** Seconds in a {@link duration}. */
export function durationSeconds(text: string): number {
    const units = { h: 3600, m: 60, s: 1 };
    return [...text.matchAll(/(\d+)([hms])/g)].reduce(
        (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
        0,
    );
}

/** Requests and limits of a container. */
export function resources(defaults: {
    requests: Record<"cpu" | "memory", string>;
    limits: { memory: string };
}) {
    const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });
    return z
        .strictObject({
            requests: amounts.default(defaults.requests).describe("What the scheduler reserves."),
            limits: amounts.default(defaults.limits).describe("What the container may not exceed."),
        })
        .prefault({});
}

/** Adds `defaults` for a group of settings whose members all have defaults: the group itself may be left out. */
export function group<T extends z.ZodRawShape>(shape: T) {
    return z.strictObject(shape).prefault({} as never);
}
