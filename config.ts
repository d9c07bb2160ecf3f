/** Stack configuration to {@link Settings}: decoded strictly, every rule that spans keys in one place. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ciliumSettings, registrationSettings } from "./settings/cilium";
import { ciliumProblems, warnings } from "./settings/ciliumRules";
import { closest } from "./settings/closest";
import { imageSettings } from "./settings/images";
import { clusterName, trustDomain } from "./settings/primitives";
import { spireSettings } from "./settings/spire";
import { workloadsSettings } from "./settings/workloads";
import { spireProblems } from "./settings/spireRules";

/** The whole configuration of a stack; keys as in `Pulumi.<stack>.yaml`. */
export const settingsSchema = z.strictObject({
    trustDomain: trustDomain.describe("SPIFFE trust domain of the cluster, without `spiffe://`."),
    clusterName: clusterName.describe("Name under which agents of this cluster attest (k8s_psat)."),
    kubeContext: z
        .string()
        .min(1)
        .optional()
        .describe("kubeconfig context; the current one when absent."),
    mutualAuth: z
        .boolean()
        .default(true)
        .describe(
            "Cilium authenticates pods. `false` turns that off and leaves SPIRE, its data and the entries as they are; first remove the requirement from policies, which Cilium goes on to enforce.",
        ),
    verify: z
        .boolean()
        .default(true)
        .describe(
            "Run the doctor at the end of every `up` that changed settings, SPIRE's pods or entries.",
        ),
    images: imageSettings.describe("Where images come from: a mirror, an air-gapped registry."),
    spire: spireSettings.describe("SPIRE server and agents."),
    cilium: ciliumSettings.describe("Cilium."),
    registration: registrationSettings.describe("The registration entries that Cilium needs."),
    workloads: workloadsSettings.describe(
        "Registration entries for workloads, by a key of your choice.",
    ),
});

export type Settings = z.output<typeof settingsSchema>;

/** The configuration is wrong; the message lists every problem with key, value and remedy. Pulumi prints it without a stack. */
export class ConfigError extends pulumi.RunError {}

/**
 * Reads and checks the configuration of the current stack.
 *
 * @throws ConfigError
 */
export function loadSettings(): Settings {
    const config = new pulumi.Config();
    const prefix = `${config.name}:`;
    const keys = Object.keys(pulumi.runtime.allConfig() as Record<string, string>)
        .filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length));
    const raw = Object.fromEntries(keys.map((key) => [key, decodeValue(key, config.require(key))]));
    const settings = decodeSettings(raw, prefix);
    for (const warning of warnings(settings)) void pulumi.log.warn(warning);
    return settings;
}

/**
 * Decodes plain data, as read from a stack file, into settings.
 *
 * @param prefix put before every key in messages, such as `cilium-spire:`.
 * @throws ConfigError
 */
export function decodeSettings(raw: unknown, prefix = ""): Settings {
    const decoded = settingsSchema.safeParse(raw);
    const problems = decoded.success
        ? crossFieldProblems(decoded.data)
        : decoded.error.issues.flatMap((issue) => describeIssue(issue, raw));
    if (problems.length > 0) {
        const list = problems.map((problem) => `\n  ${prefix}${problem}`).join("");
        throw new ConfigError(`The stack configuration is wrong; nothing was changed.${list}`);
    }
    return decoded.data!;
}

/** Rules that span keys. Each line names the key to change. */
function crossFieldProblems(settings: Settings): string[] {
    return [...spireProblems(settings.spire, settings.trustDomain), ...ciliumProblems(settings)];
}

/** Pulumi stores objects, numbers and booleans as JSON text; a plain string is not JSON, or must stay one. */
export function decodeValue(key: string, text: string): unknown {
    const type = shapeOf(settingsSchema)?.[key];
    if (type instanceof z.ZodString || type === undefined) return text;
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}

function describeIssue(issue: z.core.$ZodIssue, raw: unknown): string[] {
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
function shapeOf(
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
