/** The SPIRE server's datastore: its plugin, and what it needs of the pod. */
import type { DatastoreSettings, PostgresSettings } from "../../settings/spire/datastore";
import { plugin } from "./plugin";
import { NOTHING, type PodParts, secretFiles } from "./podParts";

const CA_DIR = "/run/spire/datastore/ca";
const CERT_DIR = "/run/spire/datastore/cert";

/** @param dataDir directory of the server's volume. */
export function datastorePlugin(settings: DatastoreSettings, dataDir: string): object[] {
    if (settings.type === "sqlite3") {
        return plugin("sql", {
            database_type: "sqlite3",
            connection_string: `${dataDir}/datastore.sqlite3`,
        });
    }
    const { readOnly } = settings;
    return plugin("sql", {
        database_type: "postgres",
        connection_string: connectionString(settings, settings),
        ro_connection_string: readOnly && connectionString(settings, readOnly),
        max_open_conns: settings.maxOpenConns,
    });
}

/**
 * The password comes by PGPASSWORD, which SPIRE's driver reads (lib/pq, parseEnviron) for both connections. SPIRE's
 * `-expandEnv` would splice it into the JSON text instead: a quote or backslash in it would break the file, and `$`
 * anywhere else in the file would be expanded too.
 */
export function datastoreParts(settings: DatastoreSettings): PodParts {
    if (settings.type === "sqlite3") return NOTHING;
    const { passwordSecret, rootCa, clientCertificate: cert } = settings;
    return {
        env: passwordSecret ? { PGPASSWORD: { secretKeyRef: passwordSecret } } : {},
        mounts: [
            ...(rootCa ? [secretFiles("datastore-ca", rootCa.name, [rootCa.key], CA_DIR)] : []),
            ...(cert
                ? [secretFiles("datastore-cert", cert.name, [cert.certKey, cert.keyKey], CERT_DIR)]
                : []),
        ],
    };
}

/** libpq's keyword form, in which any value can be quoted. */
function connectionString(settings: PostgresSettings, address: Address): string {
    return Object.entries(connectionParameters(settings, address))
        .map(([key, value]) => `${key}='${value.replace(/[\\']/g, "\\$&")}'`)
        .join(" ");
}

interface Address {
    host: string;
    port: number;
}

/** How to reach the database, without the password, in libpq's keywords. The files are those of {@link datastoreParts}. */
function connectionParameters(
    { user, database, sslMode, rootCa, clientCertificate: cert }: PostgresSettings,
    { host, port }: Address,
): Record<string, string> {
    return {
        host,
        port: String(port),
        user,
        dbname: database,
        sslmode: sslMode,
        ...(rootCa && { sslrootcert: `${CA_DIR}/${rootCa.key}` }),
        ...(cert && {
            sslcert: `${CERT_DIR}/${cert.certKey}`,
            sslkey: `${CERT_DIR}/${cert.keyKey}`,
        }),
    };
}

/** The same as PostgreSQL's own programs read it from their environment. */
export function connectionEnv(settings: PostgresSettings): Record<string, string> {
    const { dbname, ...parameters } = connectionParameters(settings, settings);
    const all = Object.entries({ ...parameters, database: dbname! });
    return Object.fromEntries(all.map(([key, value]) => [`PG${key.toUpperCase()}`, value]));
}
