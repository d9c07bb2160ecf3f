/** Settings of Cilium and of the registration entries made for it. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { chartLocation } from "./chart";
import {
    duration,
    durationSeconds,
    existingName,
    group,
    objectName,
    port,
    variants,
    version,
} from "./primitives";

/** A time-out or an interval: zero would mean "never" to one part of Cilium and stop another. */
const period = duration.refine((text) => durationSeconds(text) > 0, "must be longer than 0s");

const queueSize = z.int().min(1, "must be 1 or more").default(1024);

/** Why two of the chart's ways to make certificates for Hubble are refused. */
export const NOISY_HUBBLE_METHODS =
    "the chart's helm makes new certificates at every preview, its cronJob makes the first in a Helm hook, which Pulumi does not run";

/** Every value below `authentication` in Cilium's chart that has an effect without the chart's own SPIRE; same keys. */
const authenticationSettings = group({
    queueSize: queueSize.describe(
        "How many authentication requests of the datapath an agent holds; further ones are dropped until the packet is sent again.",
    ),
    rotatedIdentitiesQueueSize: queueSize.describe(
        "How many rotated certificates an agent holds until it has authenticated their pairs again.",
    ),
    gcInterval: period
        .default("5m0s")
        .describe("Interval at which agents remove expired and unused authenticated pairs."),
    mutual: group({
        port: port
            .default(4250)
            .describe(
                "TCP port of every node on which Cilium agents shake hands. Firewalls between nodes must let it pass.",
            ),
        connectTimeout: period
            .default("5s")
            .describe("How long an agent tries to connect to the other node."),
        spire: group({
            connectionTimeout: period
                .default("30s")
                .describe("How long the operator tries to connect to the SPIRE server, each time."),
        }).describe("The operator's connection to the SPIRE server."),
    }).describe("The handshake between the agents of two nodes."),
});

const encryptionSettings = variants("type", [
    z.strictObject({ type: z.literal("none").describe("Packets between nodes stay readable.") }),
    z.strictObject({
        type: z
            .literal("wireguard")
            .describe("WireGuard; the agents make and exchange the keys. UDP port 51871."),
    }),
    z.strictObject({
        type: z.literal("ipsec").describe("IPsec with a key that you make and rotate."),
        secretName: existingName
            .default("cilium-ipsec-keys")
            .describe(
                "Secret with the key, in Cilium's namespace. It must exist: agents do not start without.",
            ),
        keyFile: z.string().min(1).default("keys").describe("Key in that Secret."),
    }),
]).prefault({ type: "none" });

const hubbleTlsMethods = z.discriminatedUnion(
    "method",
    [
        z.strictObject({
            method: z
                .literal("certmanager")
                .describe("cert-manager, already in the cluster, issues the certificates."),
            issuerRef: z
                .strictObject({
                    name: existingName.describe("Name of the issuer."),
                    kind: z
                        .string()
                        .min(1)
                        .default("ClusterIssuer")
                        .describe("`ClusterIssuer`, or `Issuer` for one in Cilium's namespace."),
                    group: z
                        .string()
                        .min(1)
                        .default("cert-manager.io")
                        .describe("API group of the issuer."),
                })
                .describe("cert-manager's issuer."),
        }),
        z.strictObject({
            method: z.literal("provided").describe("You make the certificates."),
            serverSecret: existingName
                .default("hubble-server-certs")
                .describe(
                    "Secret in Cilium's namespace with `ca.crt`, `tls.crt` and `tls.key` for `*.<cluster.name>.hubble-grpc.cilium.io`. " +
                        "Relay and UI name theirs in `values`.",
                ),
        }),
    ],
    { error: `must be certmanager or provided; ${NOISY_HUBBLE_METHODS}` },
);

const hubbleSettings = group({
    enabled: z
        .boolean()
        .default(false)
        .describe("Run Hubble, Cilium's observer of flows. Needs `tls`."),
    tls: hubbleTlsMethods
        .optional()
        .describe(
            "Where Hubble's certificates come from. The chart's methods `helm` and `cronJob` are refused.",
        ),
});

export const ciliumSettings = group({
    mode: z
        .enum(["install", "adopt"])
        .default("install")
        .describe(
            "`install`: this program installs Cilium. `adopt`: Cilium is there, from Helm or another installer, and gets only what authentication needs; " +
                "the settings that describe an installation are refused. A stack does not adopt the Cilium that it installed.",
        ),
    version: version
        .default("1.19.6")
        .describe("Version of Cilium: chart and images. With `adopt`, the version that is there."),
    namespace: objectName.default("kube-system").describe("Namespace of Cilium."),
    authentication: authenticationSettings.describe(
        "Tuning of authentication. With `adopt`, queue sizes and interval are set in the installer's values.",
    ),
    workloadSocketInAgent: z
        .boolean()
        .default(true)
        .describe(
            "Mount the workload socket's directory into the cilium-agent containers. Mutual authentication works without.",
        ),
    rolloutTimeout: period
        .default("15m")
        .describe(
            "How long an `up` waits until all agents run a change. Two nodes at a time restart theirs, unless Cilium is told otherwise.",
        ),
    chart: chartLocation
        .optional()
        .describe(
            "Where the chart of that version comes from: a Helm repository (`https://...`), an OCI registry (`oci://registry.example.org/charts/cilium`), " +
                "a repository that Helm knows by a name, for credentials or an own CA (`@name`), or a path of a directory or archive (`/...`, `./...`). " +
                "Cilium's own repository when absent.",
        ),
    encryption: encryptionSettings.describe(
        "Encryption of packets between nodes. Authentication alone encrypts nothing.",
    ),
    hubble: hubbleSettings.describe("Hubble."),
    kubeProxyReplacement: z
        .boolean()
        .default(false)
        .describe("Cilium does the work of kube-proxy, which should then not run."),
    k8sServiceHost: z
        .string()
        .min(1)
        .optional()
        .describe(
            "Host of the API server as seen from the nodes, for clusters without kube-proxy. `auto` (Cilium 1.16 and on): from kubeadm's `cluster-info`.",
        ),
    k8sServicePort: port.optional().describe("Port of the API server at `k8sServiceHost`."),
    values: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Further chart values. Those that this program sets itself are refused."),
});

export const registrationSettings = group({
    strategy: z
        .enum(["perAgent", "nodeAlias"])
        .default("perAgent")
        .describe(
            "`perAgent`: entries under each agent; a new node gets none until the next `up`. `nodeAlias`: one set of entries that every attested agent shares.",
        ),
    operatorNodeLabels: z
        .record(z.string(), z.string())
        .default({})
        .describe(
            "Labels of the nodes where cilium-operator may run: only their agents may issue its admin identity. Empty: all nodes.",
        ),
    timeoutSeconds: z
        .int()
        .min(10, "must be 10 or more")
        .default(300)
        .describe("Deadline for the server to be Ready and for all agents to attest."),
});

export type CiliumSettings = z.output<typeof ciliumSettings>;
export type AuthenticationSettings = CiliumSettings["authentication"];
export type RegistrationSettings = z.output<typeof registrationSettings>;
