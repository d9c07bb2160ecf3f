/** The rules of the SPIRE server, its datastore, authorities and federation. */
import { testRules } from "./testRules";

const postgres = {
    type: "postgres",
    host: "db.example.org",
    passwordSecret: { name: "spire-postgres" },
};
const acme = { domainName: "b.example.org", email: "a@example.org", termsAccepted: true };
const https = (rest: object) => ({
    federation: { bundleEndpoint: { profile: "https_web", ...rest } },
});
const spiffe = (service: object) => ({
    federation: { bundleEndpoint: { profile: "https_spiffe", service } },
});
const partner = { profile: "https_web", url: "https://partner.example/bundle" };
const certificate = { name: "bundle-endpoint" };

testRules([
    {
        name: "several replicas on sqlite3",
        refused: { server: { replicas: 3 } },
        message:
            /server\.replicas = 3: with sqlite3 each replica.*; use 1, or datastore\.type = "postgres"/,
        accepted: { server: { replicas: 3, datastore: postgres } },
    },
    {
        name: "keys in memory without an upstream authority",
        refused: { server: { keyManager: "memory" } },
        message: /server\.keyManager = "memory": .*; use "disk", or set upstreamAuthority/,
        accepted: {
            server: {
                keyManager: "memory",
                upstreamAuthority: { type: "cert-manager", issuerName: "ca" },
            },
        },
    },
    {
        name: "certificates without TLS",
        refused: {
            server: { datastore: { ...postgres, sslMode: "disable", rootCa: { name: "ca" } } },
        },
        message: /datastore\.sslMode = "disable": rootCa and clientCertificate would do nothing/,
        accepted: { server: { datastore: { ...postgres, rootCa: { name: "ca" } } } },
    },
    {
        name: "a database without a way to log in",
        refused: { server: { datastore: { ...postgres, passwordSecret: undefined } } },
        message: /datastore\.passwordSecret: is missing; name a Secret/,
        accepted: {
            server: {
                datastore: {
                    ...postgres,
                    passwordSecret: undefined,
                    clientCertificate: certificate,
                },
            },
        },
    },
    {
        name: "a password in the configuration",
        refused: { server: { datastore: { ...postgres, password: "hunter2" } } },
        message:
            /datastore\.password: is not a key of this program; keys here: .*passwordSecret.*maxOpenConns/,
        accepted: { server: { datastore: postgres } },
    },
    {
        name: "SVIDs that outlive a sixth of the CA",
        refused: { server: { x509SvidTtl: "5h" } },
        message: /server\.x509SvidTtl = "5h": .*\(caTtl = "24h"\); shorten it or lengthen caTtl/,
        accepted: { server: { x509SvidTtl: "5h", caTtl: "30h" } },
    },
    {
        name: "the same for agents and JWT-SVIDs",
        refused: { server: { agentTtl: "5h", jwtSvidTtl: "6h" } },
        message: /server\.agentTtl = "5h"[^]*server\.jwtSvidTtl = "6h"/,
        accepted: { server: { agentTtl: "4h", jwtSvidTtl: "4h" } },
    },
    {
        name: "SVIDs that outlive SPIRE's cap",
        refused: { server: { x509SvidTtl: "200h", caTtl: "2000h" } },
        message: /server\.x509SvidTtl = "200h": SPIRE shortens SVIDs to 168h/,
        accepted: { server: { x509SvidTtl: "168h", caTtl: "2000h" } },
    },
    {
        name: "admin IDs of strangers",
        refused: { server: { adminIds: ["spiffe://partner.example/admin"] } },
        message:
            /server\.adminIds: spiffe:\/\/partner\.example\/admin is neither of the trust domain demo\.local/,
        accepted: {
            server: {
                adminIds: ["spiffe://partner.example/admin", "spiffe://demo.local/admin"],
                federation: { federatesWith: { "partner.example": partner } },
            },
        },
    },
    {
        name: "federation with oneself",
        refused: { server: { federation: { federatesWith: { "demo.local": partner } } } },
        message: /federatesWith\["demo\.local"\]: is the server's own trust domain; remove it/,
        accepted: { server: { federation: { federatesWith: { "partner.example": partner } } } },
    },
    {
        name: "a federation of nothing",
        refused: { server: { federation: {} } },
        message: /server\.federation: is empty; set bundleEndpoint or federatesWith/,
        accepted: { server: { federation: { bundleEndpoint: { profile: "https_spiffe" } } } },
    },
    {
        name: "a node port of a Service that has none",
        refused: { server: spiffe({ nodePort: 30443 }) },
        message:
            /bundleEndpoint\.service\.nodePort = 30443: a Service of type ClusterIP has none; set type/,
        accepted: { server: spiffe({ type: "NodePort", nodePort: 30443 }) },
    },
    {
        name: "https_web with two certificates",
        refused: { server: https({ certificate, acme }) },
        message: /bundleEndpoint: the profile https_web needs exactly one of certificate and acme/,
        accepted: { server: https({ certificate }) },
    },
    {
        name: "ACME with several replicas",
        refused: { server: { replicas: 2, datastore: postgres, ...https({ acme }) } },
        message: /bundleEndpoint\.acme: the CA's challenge would reach any of the 2 replicas/,
        accepted: { server: https({ acme }) },
    },
    {
        name: "pruning before SPIRE 1.13",
        refused: { version: "1.12.6", server: { pruneAttestedNodesExpiredFor: "720h" } },
        message:
            /pruneAttestedNodesExpiredFor = "720h": needs SPIRE 1\.13\.0.*spire\.version is 1\.12\.6; remove it or upgrade/,
        accepted: { version: "1.13.0", server: { pruneAttestedNodesExpiredFor: "720h" } },
    },
    {
        name: "k8s_configmap before SPIRE 1.12.4",
        refused: { version: "1.12.3", server: { bundlePublisher: "k8s_configmap" } },
        message:
            /bundlePublisher = "k8s_configmap": needs SPIRE 1\.12\.4.*; use another or upgrade/,
        accepted: { version: "1.12.4", server: { bundlePublisher: "k8s_configmap" } },
    },
    {
        name: "a serving certificate before SPIRE 1.10.1",
        refused: { version: "1.9.6", server: https({ certificate }) },
        message: /bundleEndpoint\.certificate: needs SPIRE 1\.10\.1/,
        accepted: { version: "1.9.6", server: https({ acme }) },
    },
]);
