/** Plain data to {@link Settings}: decoded strictly, and held against every rule that spans keys. */
import { z } from "zod";
import { ciliumProblems } from "./cilium/rules";
import { describeIssue } from "./messages";
import { releaseProblems } from "./releases";
import { type Settings, settingsSchema } from "./schema";
import { spireProblems } from "./spire/rules";
import { shapeOf } from "./walk";

/** The configuration is wrong; the message lists every problem with key, value and remedy. */
export class ConfigError extends Error {}

/**
 * Decodes plain data, as read from a stack file, into settings.
 *
 * @param prefix put before every key in messages, such as `cilium-spire:`.
 * @throws ConfigError
 */
export function decodeSettings(raw: unknown, prefix = ""): Settings {
    const decoded = settingsSchema.safeParse(raw);
    const problems = decoded.success
        ? crossFieldProblems(decoded.data, raw)
        : decoded.error.issues.flatMap((issue) => describeIssue(issue, raw));
    if (problems.length > 0) {
        const list = problems.map((problem) => `\n  ${prefix}${problem}`).join("");
        throw new ConfigError(`The stack configuration is wrong; nothing was changed.${list}`);
    }
    return decoded.data!;
}

/** Rules that span keys. Each line names the key to change. */
function crossFieldProblems(settings: Settings, raw: unknown): string[] {
    return [
        ...releaseProblems(settings, raw),
        ...spireProblems(settings.spire, settings.trustDomain),
        ...ciliumProblems(settings),
    ];
}

/** Pulumi stores objects, numbers and booleans as JSON text; a plain string is not JSON, or must stay one. */
export function decodeValue(key: string, text: string): unknown {
    const type = shapeOf(settingsSchema)[key];
    if (type instanceof z.ZodString || type === undefined) return text;
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}
