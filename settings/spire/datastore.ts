/** Settings of the SPIRE server's datastore. */
import { z } from "zod";
import { certificateSecret, hostName, port, secretKey, text, variants } from "../words";

const sqlite = z.strictObject({
    type: z
        .literal("sqlite3")
        .describe("A file on the server's volume. For one replica; no further keys."),
});

const postgres = z.strictObject({
    type: z.literal("postgres").describe("PostgreSQL, shared by all replicas."),
    host: hostName.describe("Host of PostgreSQL."),
    port: port.default(5432).describe("Port of PostgreSQL."),
    database: text(63).default("spire").describe("Name of the database."),
    user: text(63)
        .default("spire")
        .describe("Role that owns the database: SPIRE makes and migrates its tables itself."),
    passwordSecret: secretKey("password")
        .optional()
        .describe(
            "The role's password, from a Secret in the server's namespace. May be absent with clientCertificate.",
        ),
    // lib/pq knows these four in every version of SPIRE; with "require" it checks no name.
    sslMode: z
        .enum(["disable", "require", "verify-ca", "verify-full"])
        .default("verify-full")
        .describe(
            "TLS: none, unchecked, certificate checked, or certificate and host name checked.",
        ),
    rootCa: secretKey("ca.crt")
        .optional()
        .describe(
            "CA (PEM) of PostgreSQL's certificate, from a Secret; the public CAs when absent.",
        ),
    clientCertificate: certificateSecret
        .optional()
        .describe("Client certificate for PostgreSQL, from a Secret."),
    maxOpenConns: z
        .int()
        .min(2, "must be 2 or more")
        .default(25)
        .describe(
            "Connections of one replica, and as many again to readOnly. Times replicas it must stay below PostgreSQL's max_connections, 100 by default.",
        ),
    readOnly: z
        .strictObject({
            host: hostName.describe("Host of the replica."),
            port: port.default(5432).describe("Port of the replica."),
        })
        .optional()
        .describe(
            "A streaming replica, with the same database and role, for reads that may be slightly stale.",
        ),
});

export const datastoreSettings = variants("type", [sqlite, postgres]);

export type DatastoreSettings = z.output<typeof datastoreSettings>;
export type PostgresSettings = z.output<typeof postgres>;
