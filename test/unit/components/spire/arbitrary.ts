/** Draws settings from the schema itself, so that an option that is added is drawn without a word here. */
import * as fc from "fast-check";
import type { z } from "zod";
import { ConfigError, decodeSettings } from "../../../../settings/decode";
import { type Settings, settingsSchema } from "../../../../settings/schema";
import { installedSpire } from "../../../../settings/spire";
import { RECIPIENTS } from "../../../support/recipients";

type Type = z.core.$ZodType;

/**
 * Words of every kind that the schema asks for; each string is drawn from those that it accepts. Where it accepts
 * anything, {@link HOSTILE} words are among them.
 */
const WORDS = `
spire|kubernetes.io/hostname|tls.crt|partner.example|other.example|DE|5m|1h|4h|24h|36h|168h|1176h
10%|30s|100m|512Mi|1Gi|a@example.org|b@example.org|arn:aws:acm-pca:::a|arn:aws:iam::1:role/b
7|1e3|true|1.9.6|1.10.4|1.11.3|1.12.6|1.13.3|1.14.7|1.15.3|2001:db8::1
https://host.example:8443/path|https://other.example|spiffe://demo.local/ns/a/sa/b
./chart|registry.example.org|/ns/shop/sa/shop|/ns/a/sa/b|k8s:ns:shop|k8s:sa:shop
/run/a/agent.sock|/run/b/admin.sock|/run/c/admin.sock
30 2 * * *|*/5 0-6 1,15 * *|registry.example.org/tools:1.0|tools@sha256:${"0".repeat(64)}
`
    .trim()
    .split(/[|\n]/)
    .concat(RECIPIENTS);

/** What breaks quoting, templates, YAML or HCL where it is not a string any more. */
export const HOSTILE = [
    ...["o'brien", 'say "hi"', "back\\slash", "$HOME ${PATH} $$", "{{ .Values }}", "ümlaut"],
    ...[
        "two words",
        "a: b #c",
        "- [x",
        "*a",
        "x\u00a0y",
        "two\nlines: {}",
        "k8s:pod-label:a:{{ b }}",
    ],
];

const STACK = { trustDomain: "demo.local", clusterName: "precinct-99" };

/**
 * A raw `spire` of an installation that keeps every rule: what the rules complain of is taken out again.
 *
 * @param fixed members that are not drawn.
 */
export function validSpire(fixed: object = {}): fc.Arbitrary<object> {
    return arbitraryOf(installedSpire)
        .map((spire) => repaired({ ...STACK, spire: merge(spire, fixed) }))
        .filter((raw) => raw !== undefined)
        .map(({ spire }) => spire as object);
}

/**
 * A raw configuration that keeps every rule, of all keys.
 *
 * @param fixed members that are not drawn.
 */
export function validConfiguration(fixed: object): fc.Arbitrary<Raw> {
    return arbitraryOf(settingsSchema)
        .map((raw) => repaired(merge(raw, { ...STACK, ...fixed })))
        .filter((raw) => raw !== undefined);
}

/** A configuration as in a stack file. */
export type Raw = Record<string, unknown>;

/** The settings of a raw `spire`. @throws ConfigError when a rule refuses them. */
export function decode(spire: unknown): Settings {
    return decodeSettings({ ...STACK, spire });
}

/** The key at the beginning of a line, as `keyText` writes it, up to what is in a list. */
const COMPLAINT = /^ {2}(\w+(?:\.[\w-]+|\["[^"]*"\])*)/gm;

function repaired(raw: Raw): Raw | undefined {
    const complaints = new Map<string, number>();
    for (let attempt = 0; attempt < 10; attempt++) {
        try {
            decodeSettings(raw);
            return raw;
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            for (const [, key] of error.message.matchAll(COMPLAINT)) {
                const path = key!.match(/[\w-]+(?=[.[]|$)|(?<=\[")[^"]*/g)!;
                // A second time: not the member is wrong, but what lacks it.
                const before = complaints.get(key!) ?? 0;
                complaints.set(key!, before + 1);
                raw = without(raw, path.slice(0, Math.max(1, path.length - before))) as Raw;
            }
        }
    }
    return undefined;
}

export function without(object: object, [key, ...rest]: string[]): object {
    const { [key!]: member, ...others } = object as Record<string, object | undefined>;
    return rest.length && member ? { ...others, [key!]: without(member, rest) } : others;
}

/** Values that a type accepts. */
export function arbitraryOf(type: Type): fc.Arbitrary<unknown> {
    const { def } = (type as z.ZodType)._zod;
    switch (def.type) {
        case "optional":
        case "default":
        case "prefault":
            return arbitraryOf((def as unknown as { innerType: Type }).innerType);
        case "object":
            return objectOf(type as z.ZodObject);
        case "union":
            return fc.oneof(...(def as unknown as { options: Type[] }).options.map(arbitraryOf));
        case "literal":
            return fc.constantFrom(...(def as unknown as { values: unknown[] }).values);
        case "enum":
            return fc.constantFrom(...(type as z.ZodEnum).options);
        case "boolean":
            return fc.boolean();
        case "number": {
            const { minValue, maxValue } = type as z.ZodNumber;
            const min = Math.max(minValue ?? 0, 0);
            return fc.integer({ min, max: Math.min(maxValue ?? min + 5000, min + 70000) });
        }
        case "string":
            return fc.constantFrom(...[...WORDS, ...HOSTILE].filter((word) => accepts(type, word)));
        case "unknown":
            return fc.jsonValue({ maxDepth: 1 });
        case "array": {
            const { element } = type as z.ZodArray;
            return fc
                .array(arbitraryOf(element), { maxLength: 2 })
                .filter((value) => accepts(type, value));
        }
        case "record": {
            const { keyType, valueType } = type as z.ZodRecord<z.ZodString>;
            return fc.dictionary(
                arbitraryOf(keyType) as fc.Arbitrary<string>,
                arbitraryOf(valueType),
                { maxKeys: 2 },
            );
        }
        default:
            throw new Error(`no way to draw a ${def.type}`);
    }
}

function objectOf(type: z.ZodObject): fc.Arbitrary<unknown> {
    const shape = type.shape as Record<string, Type>;
    const members = Object.fromEntries(
        Object.entries(shape).map(([key, member]) => [key, arbitraryOf(member)]),
    );
    const requiredKeys = Object.keys(shape).filter((key) => !accepts(shape[key]!, undefined));
    const drawn = fc.record(members, { requiredKeys });
    return type.def.checks?.length ? drawn.filter((value) => accepts(type, value)) : drawn;
}

function accepts(type: Type, value: unknown): boolean {
    return (type as z.ZodType).safeParse(value).success;
}

function merge(value: unknown, fixed: object): Raw {
    const merged: Raw = { ...(value as Raw) };
    for (const [key, wanted] of Object.entries(fixed) as [string, unknown][]) {
        const isMap = typeof wanted === "object" && wanted !== null && !Array.isArray(wanted);
        merged[key] = isMap ? merge(merged[key], wanted) : wanted;
    }
    return merged;
}
