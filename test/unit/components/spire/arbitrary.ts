/** Draws settings from the schema itself, so that an option that is added is drawn without a word here. */
import * as fc from "fast-check";
import type { z } from "zod";
import { ConfigError, decodeSettings } from "../../../../settings/decode";
import type { Settings } from "../../../../settings/schema";
import { spireSettings } from "../../../../settings/spire";

type Type = z.core.$ZodType;

/**
 * Words of every kind that the schema asks for; each string is drawn from those that it accepts. Where it accepts
 * anything, what breaks quoting and templates is among them.
 */
const WORDS = `
o'brien|say "hi"|back\\slash|$HOME \${PATH} $$|{{ .Values }}|ümlaut|two words
spire|kubernetes.io/hostname|tls.crt|partner.example|DE|5m|1h|4h|24h|36h|168h|1176h
10%|100m|512Mi|1Gi|a@example.org|b@example.org|arn:aws:acm-pca:::a|arn:aws:iam::1:role/b
7|1.9.6|1.10.4|1.11.3|1.12.6|1.13.3|1.14.7|1.15.3|2001:db8::1
https://host.example:8443/path|https://other.example|spiffe://demo.local/ns/a/sa/b
./chart|registry.example.org|/ns/shop/sa/shop|k8s:ns:shop|k8s:sa:shop
/run/a/agent.sock|/run/b/admin.sock|/run/c/admin.sock
`
    .trim()
    .split(/[|\n]/);

/**
 * A raw `spire` that keeps every rule: what the rules complain of is taken out again.
 *
 * @param fixed members that are not drawn.
 */
export function validSpire(fixed: object = {}): fc.Arbitrary<object> {
    return arbitraryOf(spireSettings)
        .map((spire) => repaired(merge(spire, fixed)))
        .filter((spire) => spire !== undefined);
}

/** The settings of a raw `spire`. @throws ConfigError when a rule refuses them. */
export function decode(spire: unknown): Settings {
    return decodeSettings({ trustDomain: "demo.local", clusterName: "precinct-99", spire });
}

function repaired(spire: object): object | undefined {
    for (let attempt = 0; attempt < 10; attempt++) {
        try {
            decode(spire);
            return spire;
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            for (const [, path] of error.message.matchAll(/^\s*spire\.([\w.]+)/gm)) {
                spire = without(spire, path!.split("."));
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
            return fc.constantFrom(...WORDS.filter((word) => accepts(type, word)));
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

function merge(value: unknown, fixed: object): object {
    const merged = { ...(value as Record<string, unknown>) };
    for (const [key, wanted] of Object.entries(fixed) as [string, unknown][]) {
        merged[key] =
            typeof wanted === "object" && wanted !== null ? merge(merged[key], wanted) : wanted;
    }
    return merged;
}
