/** Takes out of texts and objects what must not leave a cluster. */

/** Stands where something was. */
const REMOVED = "(removed)";

/** What secrets look like in the texts of programs. Each first group is kept. */
const SECRETS: RegExp[] = [
    // Also in JSON, where line ends are written as \n, and cut off.
    /()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    // JSON Web Tokens: service accounts' and JWT-SVIDs.
    /()\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
    /(\b(?:bearer|basic) +)[\w.~+/=-]{8,}/gi,
    // In URLs, user and password before the host.
    /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+:[^\s@"']+@/gi,
    /(\\?["']?[\w-]*(?:password|passwd|passphrase|secret_?key|access_?key|api_?key|token|connection_string)\\?["']?\s*[:=]\s*)(?:\\"[\s\S]*?\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;}"']+)/gi,
];

/** A text without what looks like a secret. */
export function redactText(text: string): string {
    return SECRETS.reduce((rest, secret) => rest.replaceAll(secret, `$1${REMOVED}`), text);
}

/** Keys of annotations that repeat a whole object, with the values that are removed from it elsewhere. */
const REPEATING = ["kubectl.kubernetes.io/last-applied-configuration"];

/**
 * An object of Kubernetes without the values of environment variables, the data of Secrets, and who wrote which field;
 * every text in it as {@link redactText} has it.
 */
export function redactObject(object: unknown): unknown {
    return walk(object, "");
}

function walk(value: unknown, key: string): unknown {
    if (typeof value === "string") return redactText(value);
    if (Array.isArray(value)) {
        return value.map((item: unknown) => (key === "env" ? withoutValue(item) : walk(item, key)));
    }
    if (value instanceof Date || typeof value !== "object" || value === null) return value;
    const { kind } = value as { kind?: unknown };
    const entries = Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
        if (name === "managedFields" || REPEATING.includes(name)) return [];
        const isSecret = kind === "Secret" && (name === "data" || name === "stringData");
        return [[name, isSecret ? REMOVED : walk(inner, name)] as const];
    });
    return Object.fromEntries(entries);
}

/** A variable: where its value is from may be told, the value not. */
function withoutValue(item: unknown): unknown {
    if (typeof item !== "object" || item === null || !("value" in item)) return walk(item, "");
    return { ...(walk(item, "") as object), value: REMOVED };
}
