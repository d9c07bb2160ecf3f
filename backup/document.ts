/** The file of a backup: one JSON document, whose content has a checksum. */
import { createHash } from "node:crypto";
import { normalize } from "@cilium-spire/entries-provider";
import { z } from "zod";

/** Raised by a change that an older program would read wrongly. */
const FORMAT = 1;
const KIND = "cilium-spire backup";

const trustDomain = z.string().regex(/^[a-z0-9._-]{1,255}$/);
// No more than what a terminal can show: SPIRE has rules of its own.
const line = z.string().regex(/^[^\p{Cc}]*$/u);
const spiffeId = z.string().regex(/^spiffe:\/\/[^\s\p{Cc}]+$/u);
const url = z.string().regex(/^https:\/\/[^\s\p{Cc}]+$/u);

const entry = z
    .strictObject({
        id: z.string().regex(/^[-.0-9A-Za-z_]{1,255}$/),
        spiffeId,
        parentId: spiffeId,
        selectors: z.array(z.string().regex(/^[^:]+:/)).min(1),
        admin: z.literal(true).optional(),
        downstream: z.literal(true).optional(),
        x509SvidTtl: z.int().positive().optional(),
        jwtSvidTtl: z.int().positive().optional(),
        dnsNames: z.array(z.string()).optional(),
        federatesWith: z.array(trustDomain).optional(),
        hint: z.string().optional(),
        storeSvid: z.literal(true).optional(),
        expiresAt: z.int().positive().optional(),
        additionalAttributes: z.record(z.string(), z.literal(true)).optional(),
    })
    // What is absent must not be a member that is undefined.
    .transform((fields) => normalize(fields));

/** A trust bundle as SPIFFE defines it: a set of JSON web keys. */
const bundle = z.looseObject({
    keys: z.array(z.looseObject({ use: z.string(), x5c: z.array(z.string()).optional() })),
});

const relationship = z.discriminatedUnion("profile", [
    z.strictObject({ trustDomain, url, profile: z.literal("https_web") }),
    z.strictObject({
        trustDomain,
        url,
        profile: z.literal("https_spiffe"),
        endpointSpiffeId: spiffeId,
    }),
]);

const content = z.strictObject({
    takenAt: z.iso.datetime(),
    trustDomain,
    cluster: z.strictObject({
        apiServer: line,
        /** What the stack calls it, where one was named. */
        name: line.optional(),
    }),
    spireVersion: line,
    /** Of the trust domain itself. It cannot be written back: it is the public half of keys that are not here. */
    bundle,
    /** Of other trust domains, by their names. */
    federatedBundles: z.record(trustDomain, bundle),
    federation: z.array(relationship),
    entries: z.array(entry),
    agents: z.array(z.strictObject({ spiffeId, banned: z.boolean(), expiresAt: z.number() })),
    /** The text of server.conf, where a stack was named: those that it makes hold no secret. */
    serverConf: z.string().optional(),
});

export type Bundle = z.output<typeof bundle>;
/** A federation relationship that was made at the server, and is not in its configuration. */
export type Relationship = z.output<typeof relationship>;
export type Backup = z.output<typeof content>;

const envelope = z.looseObject({ kind: z.literal(KIND), format: z.int().positive() });
const document = z.strictObject({
    kind: z.literal(KIND),
    format: z.literal(FORMAT),
    sha256: z.string(),
    content: z.unknown(),
});

/** The text of the file. */
export function textOf(backup: Backup): string {
    const document = { kind: KIND, format: FORMAT, sha256: sha256Of(backup), content: backup };
    return `${JSON.stringify(document, undefined, 2)}\n`;
}

/**
 * Reads the text of a file.
 *
 * @param name of the file, for messages.
 * @throws Error when it is no backup, one of a newer program, incomplete, or not as it was written.
 */
export function backupOf(text: string, name: string): Backup {
    const raw = parsed(text, name);
    const { success, data: head } = envelope.safeParse(raw);
    if (!success) throw new Error(`${name} is no backup of cilium-spire: it has no such "kind"`);
    if (head.format > FORMAT) {
        throw new Error(
            `${name} has format ${head.format}, and this program knows formats up to ${FORMAT}: restore it with the release of cilium-spire that wrote it, or a newer one`,
        );
    }
    const { sha256, content: kept } = decoded(document, raw, name);
    if (sha256 !== sha256Of(kept)) {
        throw new Error(
            `${name} is not as it was written: its content has another checksum than "sha256" says. Take another copy of it`,
        );
    }
    return decoded(content, kept, name);
}

/** Of the compact JSON of the content: spaces may change, values and their order may not. */
function sha256Of(content: unknown): string {
    return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

function parsed(text: string, name: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        const whole = text.trimEnd().endsWith("}");
        throw new Error(
            whole
                ? `${name} is no backup of cilium-spire: it is no JSON`
                : `${name} was cut off, or is no backup of cilium-spire: it has ${Buffer.byteLength(text)} bytes and no end`,
        );
    }
}

function decoded<T extends z.ZodType>(schema: T, raw: unknown, name: string): z.output<T> {
    const { data, error } = schema.safeParse(raw);
    if (!error) return data;
    const [issue] = error.issues;
    const where = issue!.path.join(".");
    throw new Error(
        `${name} is damaged, or was written by another program: ${where}: ${issue!.message}`,
    );
}
