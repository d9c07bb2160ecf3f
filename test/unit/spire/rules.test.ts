/** Each rule, with the message that a user sees: key, value and remedy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "./arbitrary";

const postgres = {
    type: "postgres",
    host: "db.example.org",
    passwordSecret: { name: "spire-postgres" },
};
const acme = { domainName: "b.example.org", email: "a@example.org", termsAccepted: true };
const https = (rest: object) => ({
    federation: { bundleEndpoint: { profile: "https_web", ...rest } },
});
const partner = { profile: "https_web", url: "https://partner.example/bundle" };
const certificate = { name: "bundle-endpoint" };
const nodeAffinity = (condition: object) => ({
    nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "disktype", ...condition }] }],
        },
    },
});
const vault = { type: "vault", address: "https://vault.example" };

/** What is refused, and how; `accepted` is the nearest thing that is not. */
const rules: { name: string; refused: object; message: RegExp; accepted: object }[] = [
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
        message: /federatesWith\.demo\.local: is the server's own trust domain; remove it/,
        accepted: { server: { federation: { federatesWith: { "partner.example": partner } } } },
    },
    {
        name: "a federation of nothing",
        refused: { server: { federation: {} } },
        message: /server\.federation: is empty; set bundleEndpoint or federatesWith/,
        accepted: { server: { federation: { bundleEndpoint: { profile: "https_spiffe" } } } },
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
        message: /pruneAttestedNodesExpiredFor: needs SPIRE 1\.13\.0.*spire\.version is 1\.12\.6/,
        accepted: { version: "1.13.0", server: { pruneAttestedNodesExpiredFor: "720h" } },
    },
    {
        name: "k8s_configmap before SPIRE 1.12.4",
        refused: { version: "1.12.3", server: { bundlePublisher: "k8s_configmap" } },
        message: /bundlePublisher = "k8s_configmap": needs SPIRE 1\.12\.4/,
        accepted: { version: "1.12.4", server: { bundlePublisher: "k8s_configmap" } },
    },
    {
        name: "a serving certificate before SPIRE 1.10.1",
        refused: { version: "1.9.6", server: https({ certificate }) },
        message: /bundleEndpoint\.certificate: needs SPIRE 1\.10\.1/,
        accepted: { version: "1.9.6", server: https({ acme }) },
    },
    {
        name: "agents newer than the server",
        refused: { version: "1.13.3", agent: { version: "1.14.7" } },
        message: /agent\.version = "1\.14\.7": agents 1\.14\.7 are newer than the server 1\.13\.3/,
        accepted: { version: "1.14.7", agent: { version: "1.13.3" } },
    },
    {
        name: "agents two minor releases behind",
        refused: { version: "1.14.7", agent: { version: "1.12.6" } },
        message: /agent\.version = "1\.12\.6": .*leave it out, so that agents follow the server/,
        accepted: { version: "1.13.6", agent: { version: "1.12.6" } },
    },
    {
        name: "rebootstrap settings of agents that cannot",
        refused: {
            version: "1.13.3",
            agent: { version: "1.12.6", rebootstrapMode: "always", rebootstrapDelay: "1m" },
        },
        message: /agent\.rebootstrapMode = "always": needs SPIRE 1\.13\.0[^]*rebootstrapDelay/,
        accepted: { agent: { rebootstrapMode: "always", rebootstrapDelay: "1m" } },
    },
    {
        name: "a delay of what never happens",
        refused: { agent: { rebootstrapMode: "never", rebootstrapDelay: "1m" } },
        message: /agent\.rebootstrapDelay = "1m": does nothing with rebootstrapMode = "never"/,
        accepted: { agent: { rebootstrapMode: "never" } },
    },
    {
        name: "one port for two listeners",
        refused: { agent: { healthPort: 9988 } },
        message: /agent\.healthPort = 9988: is the metricsPort too; choose another/,
        accepted: { agent: { healthPort: 9988, metricsPort: 9989 } },
    },
    {
        name: "a port of Cilium on the node's network",
        refused: { agent: { metricsPort: 9962 } },
        message: /agent\.metricsPort = 9962: .*that of cilium-agent's metrics; choose another/,
        accepted: { agent: { metricsPort: 9962, hostNetwork: false } },
    },
    {
        name: "an availability target that SPIRE refuses",
        refused: { agent: { availabilityTarget: "12h" } },
        message: /agent\.availabilityTarget = "12h": SPIRE asks for 24h or more/,
        accepted: {},
    },
    {
        name: "an availability target that SPIRE would ignore",
        refused: { agent: { availabilityTarget: "24h" } },
        message: /availabilityTarget = "24h": .*x509SvidTtl = "1h"\); lengthen x509SvidTtl/,
        accepted: {
            server: { caTtl: "216h", x509SvidTtl: "36h" },
            agent: { availabilityTarget: "24h" },
        },
    },
    {
        name: "both sockets in one directory",
        refused: { sockets: { admin: "/run/spire/sockets/admin.sock" } },
        message: /sockets\.admin = ".*": the admin socket is in or below \/run\/spire\/sockets/,
        accepted: { sockets: { admin: "/run/spire/admin/admin.sock" } },
    },
    {
        name: "a toleration of a value that is not looked at",
        refused: { agent: { tolerations: [{ operator: "Exists", value: "x" }] } },
        message: /agent\.tolerations\.0 = .*: Exists takes no value/,
        accepted: { agent: { tolerations: [{ key: "dedicated", value: "x" }] } },
    },
    {
        name: "a label that Kubernetes does not know",
        refused: { server: { nodeSelector: { "disk type": "ssd" } } },
        message: /server\.nodeSelector.*disk type/,
        accepted: { server: { nodeSelector: { disktype: "ssd" } } },
    },
    {
        name: "a condition without its value",
        refused: { agent: { affinity: nodeAffinity({ operator: "In" }) } },
        message: /matchExpressions\.0\.values: is missing/,
        accepted: { agent: { affinity: nodeAffinity({ operator: "Exists" }) } },
    },
    {
        name: "one spread twice",
        refused: { server: { topologySpread: [{ topologyKey: "zone" }, { topologyKey: "zone" }] } },
        message: /server\.topologySpread = .*: has the same topologyKey twice/,
        accepted: {
            server: { topologySpread: [{ topologyKey: "zone" }, { topologyKey: "host" }] },
        },
    },
    {
        name: "a request above its limit",
        refused: { server: { resources: { requests: { memory: "1Gi" } } } },
        message: /server\.resources = .*: requests more than its limit/,
        accepted: { server: { resources: { requests: { memory: "1Gi" }, limits: {} } } },
    },
    {
        name: "an unknown variant",
        refused: { server: { datastore: { type: "mysql" } } },
        message: /server\.datastore\.type = "mysql": type must be one of: sqlite3, postgres/,
        accepted: { server: { datastore: { type: "sqlite3" } } },
    },
    {
        name: "an unknown key of a variant in a variant",
        refused: {
            server: {
                upstreamAuthority: { ...vault, auth: { method: "kubernetes", tenant: "spire" } },
            },
        },
        message:
            /upstreamAuthority\.auth\.tenant: is not a key.*keys here: method, role, mountPoint, audience/,
        accepted: {
            server: {
                upstreamAuthority: { ...vault, auth: { method: "kubernetes", role: "spire" } },
            },
        },
    },
];

describe("refused, with key and remedy", () => {
    for (const { name, refused, message, accepted } of rules) {
        test(name, () => {
            assert.throws(() => decode(refused), message);
            assert.doesNotThrow(() => decode(accepted));
        });
    }
});
