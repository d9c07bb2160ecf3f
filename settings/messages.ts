/** What a user is told of a configuration that the schema refuses. */
import { z } from "zod";
import { closest } from "./closest";
import { settingsSchema } from "./schema";

/**
 * What zod found, as `key = value: problem; remedy`, one line for each key.
 *
 * @param raw the configuration that it was found in.
 */
export function describeIssue(issue: z.core.$ZodIssue, raw: unknown): string[] {
    const key = issue.path.join(".");
    if (issue.code === "unrecognized_keys") {
        const known = knownKeys(issue.path, raw);
        return issue.keys.map((unknown) => {
            const full = [...issue.path, unknown].join(".");
            const close = closest(unknown, known);
            const remedy = close ? `did you mean ${close}?` : `keys here: ${known.join(", ")}`;
            return `${full}: is not a key of this program; ${remedy}`;
        });
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

function knownKeys(path: PropertyKey[], raw: unknown): string[] {
    let type: z.core.$ZodType | undefined = settingsSchema;
    let value = raw;
    for (const key of path) {
        type = memberOf(type, String(key), value);
        value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
    }
    return Object.keys(shapeOf(type, value) ?? {});
}

function memberOf(
    type: z.core.$ZodType | undefined,
    key: string,
    value: unknown,
): z.core.$ZodType | undefined {
    const inner = unwrap(type);
    if (inner instanceof z.ZodArray) return inner.element;
    if (inner instanceof z.ZodRecord) return inner.valueType;
    return shapeOf(inner, value)?.[key];
}

/** The members of an object, or of that variant of a union which the value's tag names. */
export function shapeOf(
    type: z.core.$ZodType | undefined,
    value?: unknown,
): Partial<Record<string, z.core.$ZodType>> | undefined {
    const inner = unwrap(type);
    if (inner instanceof z.ZodObject) return inner.shape;
    if (!(inner instanceof z.ZodDiscriminatedUnion)) return undefined;
    const tag = inner.def.discriminator;
    const wanted = (value as Record<string, unknown> | undefined)?.[tag];
    const variant = inner.options.find((option) => {
        const literal = option instanceof z.ZodObject && (option.shape[tag] as unknown);
        return literal instanceof z.ZodLiteral && literal.values.has(wanted as string);
    });
    return shapeOf(variant);
}

function unwrap(type: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
    const wrapped =
        type instanceof z.ZodPrefault ||
        type instanceof z.ZodDefault ||
        type instanceof z.ZodOptional;
    return wrapped ? unwrap(type.unwrap()) : type;
}
