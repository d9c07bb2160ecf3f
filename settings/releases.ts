/** The one rule for all keys and values that not every release has. */
import { gte } from "semver";
import { type Settings, settingsSchema } from "./schema";
import { keyText, valueText } from "./show";
import { programOf, type Since, sinceOf } from "./since";
import { memberOf, type Type } from "./walk";

/**
 * What the wanted releases of SPIRE and Cilium lack.
 *
 * @param raw what `settings` were decoded from: a default is nobody's wish.
 */
export function* releaseProblems(settings: Settings, raw: unknown): Generator<string> {
    for (const { path, value, mark } of marked(settingsSchema, raw)) {
        const { version, whose } = runningFor(path, settings);
        if (gte(version, mark.release)) continue;
        const shown = typeof value === "object" ? "" : ` = ${valueText(value)}`;
        const remedy = mark.value === undefined ? "remove it" : "use another";
        yield `${keyText(path)}${shown}: needs ${programOf(path)} ${mark.release} or newer, and ${whose} ${version}; ${remedy} or upgrade`;
    }
}

/** The release that a key is for, and in words whose it is. */
function runningFor([program, part]: string[], { spire, cilium }: Settings) {
    if (program === "cilium") return { version: cilium.version, whose: "cilium.version is" };
    if (part !== "agent" || spire.mode === "external") {
        return { version: spire.version, whose: "spire.version is" };
    }
    return { version: spire.agent.version ?? spire.version, whose: "the agents are" };
}

interface Marked {
    path: string[];
    value: unknown;
    mark: Since;
}

/** Everything in a value that a mark is for. */
function* marked(type: Type, value: unknown, path: string[] = []): Generator<Marked> {
    const mark = sinceOf(type);
    if (mark && (mark.value === undefined || mark.value === value)) yield { path, value, mark };
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
        const member = memberOf(type, key, value);
        if (member && inner !== undefined) yield* marked(member, inner, [...path, key]);
    }
}
