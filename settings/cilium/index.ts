/** Settings of Cilium. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { CILIUM_SINCE } from "../../versions/cilium";
import { since } from "../since";
import { duration } from "../amounts";
import { hostName, lacking, objectName, port, unquoted, variants, version } from "../words";
import { adoptedAuthentication, installedAuthentication } from "./authentication";
import { chartLocation } from "./chart";
import { encryptionSettings } from "./encryption";
import { hubbleSettings } from "./hubble";

const TUNING =
    "Tuning of authentication. With `adopt`, queue sizes and interval are set in the installer's values.";

/** Of a Cilium, whoever installed it. */
const common = {
    version: version
        .default("1.19.6")
        .describe(
            "Version of Cilium: chart and images, or with `adopt` the version that is there.",
        ),
    namespace: unquoted(objectName).default("kube-system").describe("Namespace of Cilium."),
    workloadSocketInAgent: z
        .boolean()
        .default(true)
        .describe(
            "Mount the workload socket's directory into the cilium-agent containers. Mutual authentication works without.",
        ),
    rolloutTimeout: duration
        .default("15m")
        .describe(
            "How long an `up` waits until one more node runs a change. Two nodes at a time restart their agents, unless Cilium is told otherwise.",
        ),
};

export const installSettings = z.strictObject({
    mode: z.literal("install").default("install").describe("This program installs Cilium."),
    ...common,
    authentication: installedAuthentication.describe(TUNING),
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
    k8sServiceHost: since(
        CILIUM_SINCE.apiServerByClusterInfo,
        hostName
            .optional()
            .describe(
                "Host of the API server as seen from the nodes, for clusters without kube-proxy. `auto`: from kubeadm's `cluster-info`.",
            ),
        "auto",
    ),
    k8sServicePort: port.optional().describe("Port of the API server at `k8sServiceHost`."),
    values: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Further chart values. Those that this program sets itself are refused."),
});

export const adoptSettings = z.strictObject(
    {
        mode: z
            .literal("adopt")
            .describe(
                "Cilium is there, from Helm or another installer, and gets only what authentication needs. A stack does not adopt the Cilium that it installed.",
            ),
        ...common,
        authentication: adoptedAuthentication.describe(TUNING),
    },
    lacking(
        'describes an installation, but with cilium.mode = "adopt" this program installs no Cilium; remove it',
    ),
);

export const ciliumSettings = variants("mode", [installSettings, adoptSettings]).prefault({});

export type InstallSettings = z.output<typeof installSettings>;
export type AdoptSettings = z.output<typeof adoptSettings>;
export type CiliumSettings = InstallSettings | AdoptSettings;
