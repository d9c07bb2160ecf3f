/** What a user is told of a configuration that the schema refuses. */
import { distance } from "fastest-levenshtein";
import { z } from "zod";
import { settingsSchema } from "./schema";
import { memberOf, shapeOf, type Type, variantsOf } from "./walk";

/**
 * What zod found, as `key = value: problem; remedy`, one line for each key.
 *
 * @param raw the configuration that it was found in.
 */
export function describeIssue(issue: z.core.$ZodIssue, raw: unknown): string[] {
    const key = issue.path.join(".");
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map(
            (unknown) =>
                `${[...issue.path, unknown].join(".")}: ${unknownKey(unknown, issue, raw)}`,
        );
    }
    const value = issue.path.reduce<unknown>(
        (v, k) => (v as Record<PropertyKey, unknown> | undefined)?.[k],
        raw,
    );
    // A rule of ours may complain of a default that the user never wrote.
    if (value === undefined && issue.code === "custom") return [`${key}: ${messageOf(issue)}`];
    if (value === undefined) {
        return [
            `${key}: is missing; set it with "pulumi config set --path cilium-spire:${key} <value>"`,
        ];
    }
    // A password in a URL must not come out in a log.
    const shown = JSON.stringify(value).replaceAll(/:\/\/[^\s"]*@/g, "://***@");
    return [`${key} = ${shown}: ${messageOf(issue)}`];
}

/** The rule's own message, or for a type a shorter one than zod's. */
function messageOf(issue: z.core.$ZodIssue): string {
    const own = issue.code !== "invalid_type" || !issue.message.startsWith("Invalid input");
    return own ? issue.message : `must be ${EXPECTED[issue.expected] ?? issue.expected}`;
}

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
function unknownKey(key: string, issue: z.core.$ZodIssueUnrecognizedKeys, raw: unknown): string {
    const places = placesOf(settingsSchema, issue.path, raw);
    const others = places.filter(({ needs, keys }) => needs.length > 0 && keys.includes(key));
    if (others.length > 0) {
        const remedy = `is not a key of this program here, only with ${others.map(({ needs }) => needs.join(" and ")).join(" or ")}; remove it, or set that`;
        return issue.message.startsWith("Unrecognized key") ? remedy : issue.message;
    }
    const known = places.find(({ needs }) => needs.length === 0)?.keys ?? [];
    const close = closest(key, known);
    return `is not a key of this program; ${close ? `did you mean ${close}?` : `keys here: ${known.join(", ")}`}`;
}

/** The word that a misspelt one was meant to be: at most a third of its letters wrong, not counting their case. */
function closest(misspelt: string, words: string[]): string | undefined {
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
            const need = `${[...at, tag].join(".")} = "${literals.join('" or "')}"`;
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
