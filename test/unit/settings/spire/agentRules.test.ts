/** The rules of the SPIRE agents, and those that server and agents share. */
import { testRules } from "./testRules";

const nodeAffinity = (condition: object) => ({
    nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "disktype", ...condition }] }],
        },
    },
});
const vault = { type: "vault", address: "https://vault.example" };

testRules([
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
        name: "a digest of programs that are not looked for",
        refused: { agent: { unixAttestor: { sha256MaxSize: "64Mi" } } },
        message: /agent\.unixAttestor\.sha256MaxSize = "64Mi": .*; set discoverPath to true, or/,
        accepted: { agent: { unixAttestor: { sha256MaxSize: "64Mi", discoverPath: true } } },
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
        message: /agent\.tolerations\[0\] = .*: Exists takes no value/,
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
        message: /matchExpressions\[0\]\.values: is missing/,
        accepted: { agent: { affinity: nodeAffinity({ operator: "Exists" }) } },
    },
    {
        name: "a misspelt key of an affinity",
        refused: { agent: { affinity: { nodeAfinity: {} } } },
        message: /agent\.affinity\.nodeAfinity: is not a key.*did you mean nodeAffinity\?/,
        accepted: { agent: { affinity: { nodeAffinity: {} } } },
    },
    {
        name: "values of a condition without",
        refused: { agent: { affinity: nodeAffinity({ operator: "Exists", values: ["ssd"] }) } },
        message:
            /matchExpressions\[0\]\.values: is not a key .*operator = "In" or "NotIn" or .*operator = "Gt" or "Lt"; remove it/,
        accepted: { agent: { affinity: nodeAffinity({ operator: "In", values: ["ssd"] }) } },
    },
    {
        name: "an operator that Kubernetes does not know",
        refused: { agent: { affinity: nodeAffinity({ operator: "Is", values: ["ssd"] }) } },
        message:
            /operator = "Is": operator must be one of: In, NotIn, Exists, DoesNotExist, Gt, Lt/,
        accepted: { agent: { affinity: nodeAffinity({ operator: "Gt", values: ["1"] }) } },
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
]);
