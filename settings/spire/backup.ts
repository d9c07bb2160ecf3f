/** Settings of the scheduled copies of the SPIRE server's datastore. Defaults and meanings live here and nowhere else. */
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { byteQuantity, duration, resources } from "../amounts";
import { cronSchedule } from "../cron";
import { imageReference } from "../images";
import { distinct, existingName, objectName } from "../words";

const ONE_CERTIFICATE =
    /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
/** OpenSSL's names of the curves that CMS implementations agree on (RFC 5753, section 7). */
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];

/** What somebody encrypts for: a certificate is the form in which `openssl cms` takes a public key. */
const recipient = z
    .string()
    .max(16_384)
    .refine(
        (text) => !text.includes("PRIVATE KEY-----"),
        "has a private key, which must not be here: whoever reads the state could read every backup; take it out, and use another pair of keys",
    )
    .refine(
        (text) => ONE_CERTIFICATE.test(text) && certificateOf(text) !== undefined,
        "must be one certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
    )
    .refine(
        (text) => canEncrypt(certificateOf(text)),
        "must be a certificate for a key that one can encrypt for: RSA of 2048 bits or more, or EC (P-256, P-384, P-521)",
    );

function certificateOf(text: string): X509Certificate | undefined {
    try {
        return new X509Certificate(text);
    } catch {
        return undefined;
    }
}

function canEncrypt(certificate: X509Certificate | undefined): boolean {
    if (!certificate) return true;
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
    if (type === "ec") return CURVES.includes(details?.namedCurve ?? "");
    return type === "rsa" && (details?.modulusLength ?? 0) >= 2048;
}

export const backupSettings = z.strictObject({
    schedule: cronSchedule.describe(
        'When, in UTC: minute, hour, day of the month, month, day of the week (0 is Sunday), such as "30 2 * * *".',
    ),
    image: imageReference.describe(
        "Image that makes the copy, with its tag or digest, taken as written. It needs `sh`, and for sqlite `sqlite3`, `tar` and `cmp`, " +
            "for PostgreSQL a `pg_dump` that is not older than the database; for encryptFor `openssl` 3.",
    ),
    storage: z
        .strictObject({
            claim: existingName
                .optional()
                .describe(
                    "A PersistentVolumeClaim of yours in the server's namespace, best on storage that outlives the cluster. Instead of `size`.",
                ),
            size: byteQuantity
                .optional()
                .describe(
                    "Size of a volume that the program asks for. Its claim `spire-backup` stays when the schedule or the stack goes.",
                ),
            storageClass: objectName
                .optional()
                .describe("StorageClass of that volume; the cluster's default when absent."),
        })
        .describe("Where the files are written: exactly one of `claim` and `size`."),
    encryptFor: distinct(recipient, "a certificate")
        .default([])
        .describe(
            "Certificates (PEM) of those who can read the files: any one of their private keys, which must not be in the cluster, opens each file. " +
                "Must not be empty where the files hold keys: with sqlite and keyManager `disk`.",
        ),
    keep: z.int().min(1).max(1000).default(14).describe("How many files are kept: the newest."),
    timeout: duration
        .default("30m")
        .describe("How long one copy may take, waiting for its node and image included."),
    resources: resources({
        requests: { cpu: "50m", memory: "64Mi" },
        limits: { memory: "256Mi" },
    }).describe("Resources of the pod that makes the copy."),
});

export type BackupSettings = z.output<typeof backupSettings>;
