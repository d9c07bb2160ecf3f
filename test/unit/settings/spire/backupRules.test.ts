/** The rules of backups by the clock: what they hold decides what they need. */
import { RECIPIENTS } from "../../../support/recipients";
import { testRules } from "./testRules";

const postgres = {
    type: "postgres",
    host: "db.example.org",
    passwordSecret: { name: "spire-postgres" },
    rootCa: { name: "spire-postgres" },
};
const backup = {
    schedule: "30 2 * * *",
    image: "registry.example.org:5000/tools:1.0",
    storage: { size: "1Gi" },
};
const encrypted = { ...backup, encryptFor: [RECIPIENTS[0]] };
const memory = {
    keyManager: "memory",
    upstreamAuthority: { type: "cert-manager", issuerName: "ca" },
};
const NO_RECIPIENT =
    /server\.backup\.encryptFor: is empty, and the files would hold the private keys .*; name the certificate of one whose private key is not in the cluster/;

testRules([
    {
        name: "keys that nobody encrypts",
        refused: { server: { backup } },
        message: NO_RECIPIENT,
        accepted: { server: { backup: encrypted } },
    },
    {
        name: "the same, but for a server whose keys are in memory",
        refused: { server: { backup: { ...backup, encryptFor: [] } } },
        message: NO_RECIPIENT,
        accepted: { server: { ...memory, backup } },
    },
    {
        name: "the same, but for PostgreSQL, which has no keys",
        refused: { server: { backup } },
        message: NO_RECIPIENT,
        accepted: { server: { datastore: postgres, replicas: 3, backup } },
    },
    {
        name: "files without a place",
        refused: { server: { backup: { ...encrypted, storage: {} } } },
        message: /server\.backup\.storage: is empty; set size, or name a claim of yours/,
        accepted: { server: { backup: { ...encrypted, storage: { claim: "nas" } } } },
    },
    {
        name: "files with two places",
        refused: { server: { backup: { ...encrypted, storage: { claim: "nas", size: "1Gi" } } } },
        message: /backup\.storage\.claim = "nas": size asks for another volume; remove one/,
        accepted: {
            server: { backup: { ...encrypted, storage: { size: "1Gi", storageClass: "fast" } } },
        },
    },
    {
        name: "a class for a claim that is there",
        refused: {
            server: { backup: { ...encrypted, storage: { claim: "nas", storageClass: "fast" } } },
        },
        message: /storage\.storageClass = "fast": does nothing, for the claim nas .*; remove it/,
        accepted: { server: { backup: { ...encrypted, storage: { claim: "nas" } } } },
    },
    {
        name: "a database whose certificate pg_dump could not check",
        refused: { server: { datastore: { ...postgres, rootCa: undefined }, backup } },
        message: /server\.backup: pg_dump would look for PostgreSQL's CA in the image.*; set spire/,
        accepted: {
            server: {
                datastore: { ...postgres, rootCa: undefined, sslMode: "require" },
                backup: { ...backup, schedule: "59 23 31 1-2 0" },
            },
        },
    },
]);
