/** Plain data to {@link Settings}: decoded strictly, and held against every rule that spans keys. */
import { z } from "zod";
import { ciliumProblems } from "./cilium/rules";
import { describeIssues } from "./messages";
import { observabilityProblems } from "./observabilityRules";
import { releaseProblems } from "./releases";
import { type Settings, settingsSchema } from "./schema";
import { keyText, listText } from "./show";
import { spireProblems } from "./spire/rules";
import { memberOf, unwrap } from "./walk";
import { workloadProblems } from "./workloadRules";

/** The configuration is wrong; the message lists every problem with key, value and remedy. */
export class ConfigError extends Error {}

/**
 * Decodes plain data, as read from a stack file, into settings.
 *
 * @param prefix put before every key in messages, such as `cilium-spire:`.
 * @throws ConfigError
 */
export function decodeSettings(raw: unknown, prefix = ""): Settings {
    refuse([...shapeProblems(raw)], prefix);
    const decoded = settingsSchema.safeParse(raw);
    if (!decoded.success) {
        throw wrong(describeIssues(decoded.error.issues, raw), prefix);
    }
    refuse(crossFieldProblems(decoded.data, raw), prefix);
    return decoded.data;
}

function refuse(problems: string[], prefix: string): void {
    if (problems.length > 0) throw wrong(problems, prefix);
}

function wrong(problems: string[], prefix: string): ConfigError {
    const list = listText(problems, prefix);
    return new ConfigError(`The stack configuration is wrong; nothing was changed.${list}`);
}

/** What no map may have for a key: JavaScript has a meaning for it. */
const NO_KEYS = new Set(["__proto__", "constructor", "prototype"]);
const DEEPEST = 50;

/** What is wrong with the data as such, before anything reads it. */
export function* shapeProblems(value: unknown, path: PropertyKey[] = []): Generator<string> {
    if (typeof value !== "object" || value === null) return;
    if (path.length > DEEPEST) {
        yield `${keyText(path)}: is nested more than ${DEEPEST} deep; make it flatter`;
        return;
    }
    for (const [key, inner] of Object.entries(value)) {
        const at = [...path, Array.isArray(value) ? Number(key) : key];
        if (NO_KEYS.has(key)) yield `${keyText(at)}: is not a possible key; rename it`;
        else yield* shapeProblems(inner, at);
    }
}

/** Rules that span keys. Each line names the key to change. */
function crossFieldProblems(settings: Settings, raw: unknown): string[] {
    return [
        ...releaseProblems(settings, raw),
        ...spireProblems(settings),
        ...ciliumProblems(settings),
        ...workloadProblems(settings),
        ...observabilityProblems(settings),
    ];
}

/**
 * Plain data of the stack's configuration as Pulumi hands it to a program: text by key, objects, numbers and booleans as
 * JSON. A plain string is not JSON, or must stay one.
 */
export function decodeTexts(texts: Record<string, string>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, decodeText(key, text)]),
    );
}

function decodeText(key: string, text: string): unknown {
    const type = unwrap(memberOf(settingsSchema, key));
    if (type instanceof z.ZodString || type === undefined) return text;
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}
