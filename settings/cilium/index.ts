/** Settings of Cilium. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { duration, durationSeconds, group, objectName, port, version } from "../words";
import { chartLocation } from "./chart";
import { encryptionSettings } from "./encryption";
import { hubbleSettings } from "./hubble";

/** A time-out or an interval: zero would mean "never" to one part of Cilium and stop another. */
const period = duration.refine((text) => durationSeconds(text) > 0, "must be longer than 0s");

const queueSize = z.int().min(1, "must be 1 or more").default(1024);

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

export type CiliumSettings = z.output<typeof ciliumSettings>;
