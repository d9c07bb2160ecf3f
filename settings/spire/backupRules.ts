/** Rules between the scheduled copies and what they are of. Each line names the key to change. */
import type { ServerSettings } from ".";

const AT = "spire.server.backup";

/**
 * Whether a copy of the datastore has the CA's private keys with it: sqlite and the keys of its one server are on one volume.
 * With PostgreSQL each replica has keys of its own on its volume, and the database has none.
 */
export function copiesKeys({ datastore, keyManager }: ServerSettings): boolean {
    return datastore.type === "sqlite3" && keyManager === "disk";
}

export function* backupProblems(server: ServerSettings): Generator<string> {
    const { backup, datastore } = server;
    if (!backup) return;
    const { claim, size, storageClass } = backup.storage;
    if (copiesKeys(server) && backup.encryptFor.length === 0) {
        yield `${AT}.encryptFor: is empty, and the files would hold the private keys of the trust domain's CA for whoever reads the volume; name the certificate of one whose private key is not in the cluster (docs/backup.md says how to make it)`;
    }
    if (claim !== undefined && size !== undefined) {
        yield `${AT}.storage.claim = "${claim}": size asks for another volume; remove one of the two`;
    }
    if (claim === undefined && size === undefined) {
        yield `${AT}.storage: is empty; set size, or name a claim of yours`;
    }
    if (claim !== undefined && storageClass !== undefined) {
        yield `${AT}.storage.storageClass = "${storageClass}": does nothing, for the claim ${claim} has one already; remove it`;
    }
    if (datastore.type !== "postgres" || datastore.rootCa) return;
    if (!datastore.sslMode.startsWith("verify")) return;
    yield `${AT}: pg_dump would look for PostgreSQL's CA in the image, where SPIRE looks among the public CAs; set spire.server.datastore.rootCa, or remove the backup`;
}
