/** Stack configuration to {@link Settings}: decoded strictly, every rule that spans keys in one place. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { reservedValuePaths } from "./components/cilium/values";
import { unsupportedCilium } from "./components/cilium/versions";
import { socketConflict } from "./components/spire/sockets";
import { unsupportedSpire } from "./components/spire/versions";
import { ciliumSettings, registrationSettings } from "./settings/cilium";
import { clusterName, durationSeconds, trustDomain } from "./settings/primitives";
import { spireSettings } from "./settings/spire";

/** The whole configuration of a stack; keys as in `Pulumi.<stack>.yaml`. */
export const settingsSchema = z.strictObject({
    trustDomain: trustDomain.describe("SPIFFE trust domain of the cluster, without `spiffe://`."),
    clusterName: clusterName.describe("Name under which agents of this cluster attest (k8s_psat)."),
    kubeContext: z
        .string()
        .min(1)
        .optional()
        .describe("kubeconfig context; the current one when absent."),
    verify: z
        .boolean()
        .default(true)
        .describe("Run the doctor at the end of every `up` that changed something."),
    spire: spireSettings.describe("SPIRE server and agents."),
    cilium: ciliumSettings.describe("Cilium."),
    registration: registrationSettings.describe("The registration entries that Cilium needs."),
});

export type Settings = z.output<typeof settingsSchema>;

/** The configuration is wrong; the message lists every problem with key, value and remedy. */
export class ConfigError extends Error {}

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
    return decodeSettings(raw, prefix);
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
    const { spire, cilium } = settings;
    const { server, sockets } = spire;
    const problems: (string | false | undefined)[] = [
        at("spire.version", unsupportedSpire(spire.version)),
        at("cilium.version", unsupportedCilium(cilium.version)),
        at(`spire.sockets.admin = "${sockets.admin}"`, socketConflict(sockets)),
        server.replicas > 1 &&
            `spire.server.replicas = ${server.replicas}: each replica would have a sqlite datastore and a CA of its own; use 1`,
        durationSeconds(server.x509SvidTtl) > durationSeconds(server.caTtl) / 6 &&
            `spire.server.x509SvidTtl = "${server.x509SvidTtl}": SPIRE shortens SVIDs to a sixth of the CA's lifetime (caTtl = "${server.caTtl}"); shorten it or lengthen caTtl`,
        ...reservedValuePaths(cilium.values).map(
            (path) => `cilium.values.${path}: is set by this program; remove it`,
        ),
    ];
    return problems.filter((problem) => typeof problem === "string");
}

function at(key: string, problem: string | undefined): string | undefined {
    return problem && `${key}: ${problem}`;
}

/** Pulumi stores objects, numbers and booleans as JSON text; a plain string is not JSON, or must stay one. */
function decodeValue(key: string, text: string): unknown {
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
        const known = knownKeys(issue.path);
        return issue.keys.map((unknown) => {
            const full = [...issue.path, unknown].join(".");
            const close = known.find((k) => k.toLowerCase() === unknown.toLowerCase());
            const remedy = close ? `did you mean ${close}?` : `keys here: ${known.join(", ")}`;
            return `${full}: is not a key of this program; ${remedy}`;
        });
    }
    const value = issue.path.reduce<unknown>(
        (v, k) => (v as Record<PropertyKey, unknown> | undefined)?.[k],
        raw,
    );
    if (value === undefined) {
        return [
            `${key}: is missing; set it with "pulumi config set --path cilium-spire:${key} <value>"`,
        ];
    }
    return [`${key} = ${JSON.stringify(value)}: ${issue.message}`];
}

function knownKeys(path: PropertyKey[]): string[] {
    let type: z.core.$ZodType | undefined = settingsSchema;
    for (const key of path) {
        type = shapeOf(type)?.[String(key)];
    }
    return Object.keys(shapeOf(type) ?? {});
}

function shapeOf(
    type: z.core.$ZodType | undefined,
): Partial<Record<string, z.core.$ZodType>> | undefined {
    if (type instanceof z.ZodObject) return type.shape;
    if (
        type instanceof z.ZodPrefault ||
        type instanceof z.ZodDefault ||
        type instanceof z.ZodOptional
    ) {
        return shapeOf(type.unwrap());
    }
    return undefined;
}
