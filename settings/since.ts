/** What not every release has: a key, or a value of it, says so where it is defined. */
import { z } from "zod";
import type { Type } from "./walk";

/** A release of SPIRE below `spire`, of Cilium below `cilium`. */
export interface Since {
    release: string;
    /** The value that needs it; the key as a whole when absent. */
    value?: string;
}

const releases = z.registry<Since>();

/** Marks a key, `optional` and `default` included, as one that a release brought, or one `value` of it. */
export function since<T extends z.ZodType>(release: string, type: T, value?: string): T {
    releases.add(type, { release, ...(value !== undefined && { value }) });
    return type;
}

/** The mark of a key; undefined when every supported release has it. */
export function sinceOf(type: Type): Since | undefined {
    return releases.get(type);
}

/** Whose release a key depends on. */
export function programOf(path: readonly PropertyKey[]): "SPIRE" | "Cilium" {
    return path[0] === "cilium" ? "Cilium" : "SPIRE";
}
