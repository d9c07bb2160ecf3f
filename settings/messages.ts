/** What a user is told of a configuration that the schema refuses. */
import { distance } from "fastest-levenshtein";
import { z } from "zod";
import { settingsSchema } from "./schema";
import { keyText, valueText } from "./show";
import { memberOf, shapeOf, type Type, variantsOf } from "./walk";

/** What a configuration should have been. */
export interface Wanted {
    schema: Type;
    /** How a key that is missing is set. */
    remedy(key: string): string;
}

const STACK: Wanted = {
    schema: settingsSchema,
    remedy: (key) => {
        const place = `cilium-spire:${key}`;
        return `set it with "pulumi config set --path ${/[[\]]/.test(key) ? `'${place}'` : place} <value>"`;
    },
};

/**
 * What zod found, as `key = value: problem; remedy`, one line for each key.
 *
 * @param raw the configuration that it was found in.
 * @param wanted what it should have been. @default the configuration of a stack
 */
export function describeIssues(
    issues: z.core.$ZodIssue[],
    raw: unknown,
    wanted: Wanted = STACK,
): string[] {
    const seen = new Set<string>();
    return issues
        .filter((issue) => {
            // A text that breaks one rule often breaks the next one for the same reason.
            const rule = typeof valueAt(issue.path, raw) !== "string" && issue.message;
            const id = JSON.stringify([issue.path, rule]);
            return !seen.has(id) && seen.add(id);
        })
        .flatMap((issue) => describeIssue(issue, raw, wanted));
}

function describeIssue(issue: z.core.$ZodIssue, raw: unknown, wanted: Wanted): string[] {
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map(
            (unknown) =>
                `${keyText([...issue.path, unknown])}: ${unknownKey(unknown, issue, raw, wanted)}`,
        );
    }
    const meant = issue.code === "invalid_union" ? meantOption(issue, raw) : undefined;
    if (meant) return meant.flatMap((inner) => describeIssue(inner, raw, wanted));
    const key = keyText(issue.path);
    if (issue.code === "invalid_key") return [`${key}: the key ${messageOf(issue.issues[0]!)}`];
    const value = valueAt(issue.path, raw);
    if (value !== undefined) return [`${key} = ${valueText(value)}: ${messageOf(issue)}`];
    // A rule of ours may complain of a default that the user never wrote.
    if (issue.code === "custom") return [`${key}: ${messageOf(issue)}`];
    const choice = issue.code === "invalid_type" ? "" : `${messageOf(issue)}; `;
    return [`${key}: is missing; ${choice}${wanted.remedy(key)}`];
}

function valueAt(path: readonly PropertyKey[], raw: unknown): unknown {
    return path.reduce<unknown>(
        (v, k) => (v as Record<PropertyKey, unknown> | undefined)?.[k],
        raw,
    );
}

/** What is wrong with a value by that option of a union which its keys fit; undefined when they fit none. */
function meantOption(
    { errors, path }: z.core.$ZodIssueInvalidUnion,
    raw: unknown,
): z.core.$ZodIssue[] | undefined {
    return errors
        .map((issues) => issues.map((inner) => ({ ...inner, path: [...path, ...inner.path] })))
        .find((issues) =>
            issues.every(
                (inner) =>
                    inner.path.length > path.length && valueAt(inner.path, raw) !== undefined,
            ),
        );
}

/** A rule's own message, or one of ours where zod speaks of types and patterns. */
function messageOf(issue: z.core.$ZodIssue): string {
    if (!/^(Invalid|Too (big|small)|Unrecognized)\b/.test(issue.message)) return issue.message;
    switch (issue.code) {
        case "invalid_type":
            return `must be ${EXPECTED[issue.expected] ?? issue.expected}`;
        case "invalid_value":
            return `must be ${issue.values.length > 1 ? "one of: " : ""}${issue.values.map(String).join(", ")}`;
        case "too_small":
            if (issue.origin === "string") return "must not be empty";
            return `must be ${issue.minimum} or more${COUNTED[issue.origin] ?? ""}`;
        case "too_big":
            return `must be ${issue.maximum} or less${COUNTED[issue.origin] ?? ""}`;
        default:
            return "must be something else; see docs/reference.md";
    }
}

const COUNTED: Partial<Record<string, string>> = { string: " characters", array: " entries" };

const EXPECTED: Partial<Record<string, string>> = {
    string: "text, in quotes if it looks like a number or true or false",
    number: "a number, without quotes",
    int: "a whole number, without quotes",
    boolean: "true or false, without quotes",
    object: "a group of keys",
    record: "a group of keys",
    array: "a list",
};

/** Why a key is none, with the remedy: it is another variant's, misspelt, or neither. */
function unknownKey(
    key: string,
    issue: z.core.$ZodIssueUnrecognizedKeys,
    raw: unknown,
    { schema }: Wanted,
): string {
    const places = placesOf(schema, issue.path, raw);
    const others = places.filter(({ needs, keys }) => needs.length > 0 && keys.includes(key));
    if (others.length > 0) {
        const remedy = `is not a key of this program here, only with ${others.map(({ needs }) => needs.join(" and ")).join(" or ")}; remove it, or set that`;
        return issue.message.startsWith("Unrecognized key") ? remedy : issue.message;
    }
    const known = places.find(({ needs }) => needs.length === 0)?.keys ?? [];
    const close = closest(key, known);
    const remedy = known.length > 0 ? `keys here: ${known.join(", ")}` : "remove it";
    return `is not a key of this program; ${close ? `did you mean ${close}?` : remedy}`;
}

/** The word that a misspelt one was meant to be: at most a third of its letters wrong, not counting their case. */
function closest(misspelt: string, words: string[]): string | undefined {
    if (misspelt.length > 100) return undefined;
    const wrong = (word: string) => distance(misspelt.toLowerCase(), word.toLowerCase());
    const [best] = words.toSorted((a, b) => wrong(a) - wrong(b));
    return best !== undefined && wrong(best) <= best.length / 3 ? best : undefined;
}

/** Where a path leads by one choice of variants: the keys there, and the tags that would have to be others. */
interface Place {
    keys: string[];
    needs: string[];
}

/** Every place that a path leads to, whichever variants are chosen on the way. */
function placesOf(
    type: Type | undefined,
    path: PropertyKey[],
    raw: unknown,
    at: PropertyKey[] = [],
): Place[] {
    const value = raw as Record<PropertyKey, unknown> | undefined;
    const variants = variantsOf(type);
    if (variants.length > 0) {
        return variants.flatMap(({ type: variant, tag, literals, chosen }) => {
            const need = `${keyText([...at, tag])} = "${literals.join('" or "')}"`;
            const needs = chosen(value) ? [] : [need];
            return placesOf(variant, path, raw, at).map((place) => ({
                keys: place.keys,
                needs: [...needs, ...place.needs],
            }));
        });
    }
    const [key, ...rest] = path;
    if (key === undefined) return [{ keys: Object.keys(shapeOf(type)), needs: [] }];
    return placesOf(memberOf(type, key), rest, value?.[key], [...at, key]);
}
