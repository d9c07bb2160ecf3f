/** Settings of the SPIRE server. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { SINCE } from "../../versions/spire";
import { imageRepository } from "../images";
import { since } from "../since";
import { backupSettings } from "./backup";
import { datastoreSettings } from "./datastore";
import { federationSettings } from "./federation";
import { byteQuantity, duration, resources } from "../amounts";
import { group, httpsUrl, logLevel, distinct, objectName, spiffeId, text } from "../words";
import { affinity, nodeSelector, priorityClass, toleration, topologySpreads } from "./scheduling";
import { upstreamAuthoritySettings } from "./upstreamAuthority";

/** SPIRE's names, in its configuration and in ours. */
const keyType = z.enum(["rsa-2048", "rsa-4096", "ec-p256", "ec-p384"]);

const ca = {
    caTtl: duration.default("24h").describe("Lifetime of the server's X.509 CA."),
    caKeyType: keyType
        .default("ec-p256")
        .describe("Key type of the CA, and of JWT-SVIDs unless jwtKeyType says otherwise."),
    caSubject: z
        .strictObject({
            country: z
                .array(z.string().regex(/^[A-Z]{2}$/, "must be a country code such as DE"))
                .default([])
                .describe("Countries (C)."),
            organization: z.array(text(64)).default([]).describe("Organizations (O)."),
            commonName: text(64).optional().describe("Common name (CN)."),
        })
        .refine(
            (s) => s.country.length > 0 || s.organization.length > 0 || s.commonName !== undefined,
            "is empty, for which SPIRE would use its own; set country, organization or commonName, or leave it out",
        )
        .optional()
        .describe("Subject of the CA certificate; C=US, O=SPIFFE when absent."),
    keyManager: z
        .enum(["disk", "memory"])
        .default("disk")
        .describe(
            "Where the CA's keys are: on the server's volume, or in memory only, so that each start makes a new CA, " +
                "which agents accept only under an upstreamAuthority.",
        ),
    upstreamAuthority: upstreamAuthoritySettings
        .optional()
        .describe("The CA that signs the server's CA; the server's is its own root when absent."),
};

const svids = {
    x509SvidTtl: duration
        .default("1h")
        .describe(
            "Lifetime of X.509-SVIDs. SPIRE can honour up to a sixth of caTtl, and up to 168h.",
        ),
    agentTtl: duration
        .optional()
        .describe(
            "Lifetime of the agents' own SVIDs. They renew it at half its life, so they outlive half of it without the server. x509SvidTtl when absent.",
        ),
    jwtSvidTtl: duration.default("5m").describe("Lifetime of JWT-SVIDs."),
    jwtKeyType: keyType.optional().describe("Key type of JWT-SVIDs; caKeyType when absent."),
    jwtIssuer: httpsUrl
        .optional()
        .describe(
            "`iss` of JWT-SVIDs: the URL of an OIDC discovery document. That of `spire.oidcDiscoveryProvider` when absent, or none.",
        ),
};

const api = {
    adminIds: distinct(spiffeId)
        .default([])
        .describe(
            "SPIFFE IDs that may use the admin API over the network, of this trust domain or one in federatesWith. Cilium's operator needs none: its entry says so.",
        ),
    auditLog: z.boolean().default(false).describe("Log every change made through the API."),
    rateLimit: group({
        attestation: z
            .boolean()
            .default(true)
            .describe(
                "One attestation per second and IP address. Turn off where agents share an address, as behind a NAT.",
            ),
        signing: z
            .boolean()
            .default(true)
            .describe("500 signatures per second and IP address, for X.509- and JWT-SVIDs each."),
    }).describe("SPIRE's own rate limits."),
    pruneAttestedNodesExpiredFor: since(
        SINCE.pruneAttestedNodes,
        duration
            .optional()
            .describe(
                "Forget agents whose SVID expired so long ago, as those of removed nodes; never when absent.",
            ),
    ),
    cacheReloadInterval: duration
        .optional()
        .describe(
            "How often the server reads entries anew (experimental in SPIRE): sooner is more load on the datastore. 5s when absent.",
        ),
    bundlePublisher: since(
        SINCE.configMapPublisher,
        z
            .enum(["k8sbundle", "k8s_configmap"])
            .default("k8sbundle")
            .describe(
                "SPIRE's plugin that writes the trust bundle's ConfigMap. k8s_configmap succeeds the other.",
            ),
        "k8s_configmap",
    ),
    federation: federationSettings.optional().describe("Federation with other trust domains."),
};

const pods = {
    namespace: objectName.default("spire-system").describe("Namespace of the server."),
    replicas: z
        .int()
        .min(1, "must be 1 or more")
        .default(1)
        .describe("Server replicas. More than one needs the datastore postgres."),
    image: imageRepository
        .optional()
        .describe(
            "Image repository; `ghcr.io/spiffe/spire-server`, or that path at `images.registry`, when absent. The tag is `spire.version`.",
        ),
    updateStrategy: z
        .enum(["RollingUpdate", "OnDelete"])
        .default("RollingUpdate")
        .describe("Replace changed pods one by one, or wait until you delete them."),
    podManagementPolicy: z
        .enum(["OrderedReady", "Parallel"])
        .default("OrderedReady")
        .describe(
            "Start replicas one after another, so that one alone makes and migrates the database's tables, or all at once, where those that lose that race crash once. Changing it replaces the StatefulSet.",
        ),
    topologySpread: topologySpreads
        .default([
            {
                topologyKey: "kubernetes.io/hostname",
                maxSkew: 1,
                whenUnsatisfiable: "ScheduleAnyway",
            },
        ])
        .describe(
            "How replicas are spread, when there is more than one. Nodes without one of the labels are left out.",
        ),
    affinity: affinity.optional().describe("Affinity of the server's pods."),
    nodeSelector: nodeSelector.describe("Labels of the nodes where the server may run."),
    tolerations: z.array(toleration).default([]).describe("Taints that the server tolerates."),
    priorityClass: priorityClass
        .default("system-cluster-critical")
        .describe("PriorityClass: without the server no identity is renewed."),
    resources: resources({
        requests: { cpu: "100m", memory: "256Mi" },
        limits: { memory: "512Mi" },
    }).describe("Resources of the server container."),
    storage: group({
        size: byteQuantity.default("1Gi").describe("Size of the volume."),
        storageClass: objectName
            .optional()
            .describe("StorageClass of the volume; the cluster's default when absent."),
        retain: z
            .boolean()
            .default(true)
            .describe("Keep the volume claims when the StatefulSet is deleted."),
    }).describe(
        "The volume of each replica, for keys on disk and sqlite; with neither there is none.",
    ),
};

export const serverSettings = group({
    ...pods,
    datastore: datastoreSettings
        .default({ type: "sqlite3" })
        .describe("Where entries, agents and bundles are stored."),
    backup: backupSettings
        .optional()
        .describe("Copies of the datastore by the clock, with its keys where they are beside it."),
    ...ca,
    ...svids,
    ...api,
    logLevel: logLevel.describe("Log level of the server."),
});

export type ServerSettings = z.output<typeof serverSettings>;
