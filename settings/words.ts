/** The small words of the configuration: each knows its own rule and says the remedy. */
import { isIP } from "node:net";
import { domainToUnicode } from "node:url";
import { isScalar, parseDocument } from "yaml";
import { z } from "zod";

/** Lower case only: the SPIFFE standard, section 2.1. */
export const trustDomain = z
    .string()
    .max(255)
    .regex(
        /^[a-z0-9][a-z0-9._-]*$/,
        'must be a SPIFFE trust domain: lower-case letters, digits, ".", "-" and "_", without "spiffe://"',
    );

/** Becomes a segment of every agent's SPIFFE ID. */
export const clusterName = z
    .string()
    .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
        'must be 1 to 63 letters, digits, ".", "-" or "_"; it is a segment of the SPIFFE ID of every agent',
    );

export const version = z
    .string("must be a version such as 1.18.4, in quotes")
    .regex(/^\d+\.\d+\.\d+$/, "must be a full version such as 1.18.4, without a leading v");

export const port = z
    .int("must be a port number")
    .min(1, "must be 1 to 65535")
    .max(65535, "must be 1 to 65535");

/** A number of pods, or a share of them such as 10%, as Kubernetes' updates take it. */
export const intOrPercent = z.union(
    [z.int().min(1), z.string().regex(/^([1-9]\d?|100)%$/)],
    "must be a number from 1, or a percentage such as 10%",
);

/** The SPIFFE standard, section 2: a trust domain and a path without empty, `.` or `..` segments. */
export const spiffeId = z
    .string()
    .max(2048)
    .regex(
        /^spiffe:\/\/[a-z0-9][a-z0-9._-]*(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/,
        "must be a SPIFFE ID such as spiffe://example.org/ns/team/sa/app",
    );

/** The trust domain of a {@link spiffeId}. */
export function trustDomainOf(id: string): string {
    return id.slice("spiffe://".length).split("/")[0]!;
}

export const httpsUrl = z
    .string()
    .max(2048)
    .regex(
        /^https:\/\/[^\s/?#\p{Cc}]+(\/[^\s\p{Cc}]*)?$/u,
        "must be a URL that begins with https://",
    )
    .refine((text) => URL.canParse(text), "must be a URL that begins with https://, with a host")
    .refine(
        (text) => !/^[^/]*\/\/[^/]*@/.test(text),
        "must not contain credentials, which everyone could read here; remove them",
    );

/** A DNS name as certificates and Go's x509 have it; SPIRE's rule is pkg/common/x509util/dns.go. */
function isDnsName(text: string): boolean {
    const label = /^(?!..--)\w([\w-]{0,61}\w)?$/;
    const plain = (part: string) =>
        part.startsWith("xn--") ? domainToUnicode(part) !== "" : label.test(part);
    return text.length <= 253 && text.split(".").every(plain);
}

/** A DNS name or an IP address, without port. No top-level domain is a number (RFC 3696, section 2). */
export const hostName = z
    .string()
    .refine(
        (text) => isIP(text) !== 0 || (isDnsName(text) && !/(^|\.)\d+$/.test(text)),
        "must be a DNS name or an IP address, without a port",
    );

/** A DNS name in a certificate; `*` may stand for its first label. */
export const dnsName = z
    .string()
    .refine(
        (text) => isDnsName(text.replace(/^\*\./, "")),
        "must be a DNS name such as shop.example.org or *.example.org",
    );

/** Text that some program takes as it is: no control characters, and at most so many bytes. */
export function text(bytes = 1024) {
    return z
        .string()
        .min(1)
        .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), "must not contain control characters")
        .refine(
            (value) => Buffer.byteLength(value) <= bytes,
            `must be at most ${bytes} bytes, in UTF-8`,
        );
}

/** A file, not its contents: those have credentials, and would be in the state. */
export const kubeconfigPath = text().regex(
    /^[^~{]/,
    'must be the path of a file, absolute or relative to the project\'s folder; "~" is known to shells only, and the contents have credentials',
);

/** A list in which nothing stands twice. */
export function distinct<T extends z.ZodType<string>>(type: T, what = "one") {
    return z
        .array(type)
        .refine((list) => new Set(list).size === list.length, `names ${what} twice; remove one`);
}

const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/** The name of an object that the user made (RFC 1123 subdomain). */
export const existingName = z
    .string()
    .max(253)
    .regex(
        new RegExp(`^${subdomain}$`),
        'must be the name of a Kubernetes object: lower-case letters, digits, "-" and "."',
    );

export const secretDataKey = z
    .string()
    .max(253)
    .regex(
        /^(?!\.\.?$)[-._A-Za-z0-9]+$/,
        'must be a key of a Secret: letters, digits, "-", "_" and "."',
    );

/** The path of a SPIFFE ID (SPIFFE standard, section 2.2). */
export const idPath = z
    .string()
    .max(1024)
    .regex(
        /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/,
        'must be the path of a SPIFFE ID: "/" and segments of letters, digits, ".", "-" and "_"',
    );

/** One value of a Secret in the namespace of its reader. Its content never passes through this program. */
export function secretKey(defaultKey: string) {
    return z.strictObject({
        name: existingName.describe("Name of the Secret."),
        key: secretDataKey.default(defaultKey).describe("Key in the Secret."),
    });
}

/** A certificate with its key in a Secret; the defaults fit type `kubernetes.io/tls`, as cert-manager makes them. */
export const certificateSecret = z.strictObject({
    name: existingName.describe("Name of the Secret."),
    certKey: secretDataKey.default("tls.crt").describe("Key of the certificate chain (PEM)."),
    keyKey: secretDataKey.default("tls.key").describe("Key of the private key (PEM)."),
});

const labelName = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";

/** Key of a label, an annotation or a taint: a name, with the DNS name of its owner before it if need be. */
export const labelKey = z
    .string()
    .max(317)
    .regex(
        new RegExp(`^((?=[^/]{1,253}/)${subdomain}/)?${labelName}$`),
        "must be a label key such as topology.kubernetes.io/zone",
    );

export const labelValue = z
    .string()
    .regex(
        new RegExp(`^(${labelName})?$`),
        'must be a label value: up to 63 letters, digits, "-", "_" and "."',
    );

/** A Kubernetes object name (RFC 1123 label). */
export const objectName = z
    .string()
    .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        'must be 1 to 63 lower-case letters, digits or "-"',
    );

/** A name that Cilium's chart writes without quotes, where a number or a `true` would be no text any more. */
export function unquoted(type: z.ZodType<string>) {
    return type.refine(
        (name) => (["1.1", "1.2"] as const).every((version) => isYamlText(name, version)),
        "looks like a number, a date or a truth value, and Cilium's chart writes it without quotes; use a name that does not",
    );
}

function isYamlText(text: string, version: "1.1" | "1.2"): boolean {
    const { contents } = parseDocument(text, { version });
    return isScalar(contents) && typeof contents.value === "string";
}

/** As SPIRE's programs have it. */
export const logLevel = z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO");

/** A group of settings whose members all have defaults: the group itself may be left out. */
export function group<T extends z.ZodRawShape>(shape: T, params?: z.core.$ZodObjectParams) {
    return z.strictObject(shape, params).prefault({} as never);
}

/** For a variant: why it has no key that another variant has, and what to do instead. */
export function lacking(message: string): z.core.$ZodObjectParams {
    return { error: ({ code }) => (code === "unrecognized_keys" ? message : undefined) };
}

/** Variants told apart by the key `tag`; a wrong tag is answered with the list of the right ones. */
export function variants<
    K extends string,
    T extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(tag: K, options: T) {
    return z.discriminatedUnion(tag, options, {
        error: ({ options: tags }) =>
            // Zod lists what an absent tag stands for too, as undefined.
            Array.isArray(tags)
                ? `${tag} must be one of: ${tags.filter(Boolean).join(", ")}`
                : undefined,
    });
}
