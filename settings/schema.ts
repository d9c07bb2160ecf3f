/** The whole configuration of a stack, of the parts that the files beside this one describe. */
import { z } from "zod";
import { ciliumSettings } from "./cilium";
import { gitopsSettings } from "./gitops";
import { imageSettings } from "./images";
import { observabilitySettings } from "./observability";
import { registrationSettings } from "./registration";
import { type InstalledSpire, spireSettings } from "./spire";
import { clusterName, kubeconfigPath, text, trustDomain } from "./words";
import { workloadsSettings } from "./workloads";

/** The whole configuration of a stack; keys as in `Pulumi.<stack>.yaml`. */
export const settingsSchema = z.strictObject({
    trustDomain: trustDomain.describe("SPIFFE trust domain of the cluster, without `spiffe://`."),
    replaceTrustDomain: trustDomain
        .optional()
        .describe(
            "The trust domain of before: an `up` may replace it by `trustDomain`, with every identity and on a new database. Without, a change of `trustDomain` is refused while SPIRE serves another.",
        ),
    clusterName: clusterName.describe("Name under which agents of this cluster attest (k8s_psat)."),
    kubeContext: text().optional().describe("kubeconfig context; the current one when absent."),
    kubeconfig: kubeconfigPath
        .optional()
        .describe(
            "Path of a kubeconfig file, absolute or relative to the project's folder; KUBECONFIG or `~/.kube/config` when absent.",
        ),
    mutualAuth: z
        .boolean()
        .default(true)
        .describe(
            "Cilium authenticates pods. `false` turns that off and leaves SPIRE, its data and the entries as they are; first remove the requirement from policies, which Cilium goes on to enforce.",
        ),
    protect: z
        .boolean()
        .default(true)
        .describe(
            "Refuse what would take the stack away: `pulumi destroy`, and an `up` that deletes Cilium's agents, the SPIRE server or its namespaces. Before one that is meant, an `up` with `false`.",
        ),
    verify: z
        .boolean()
        .default(true)
        .describe(
            "Run the doctor at the end of every `up` that changed settings, SPIRE's pods or entries.",
        ),
    prove: z
        .boolean()
        .default(false)
        .describe(
            "After that, prove with short-lived pods that Cilium authenticates, as `cilium-spire prove` does. Needs the images' registry without pull secrets.",
        ),
    images: imageSettings.describe("Where images come from: a mirror, an air-gapped registry."),
    spire: spireSettings.describe("SPIRE server and agents."),
    cilium: ciliumSettings.describe("Cilium."),
    registration: registrationSettings.describe("The registration entries that Cilium needs."),
    workloads: workloadsSettings.describe(
        "Registration entries for workloads, by a key of your choice.",
    ),
    observability: observabilitySettings.describe("Metrics, alerts and a dashboard."),
    gitops: gitopsSettings.describe(
        "What `cilium-spire render` writes for Flux and Argo CD; an `up` does not read it.",
    ),
});

/** A configuration that was decoded: every default is in it. */
export type Settings = z.output<typeof settingsSchema>;

/** A configuration as it is written: what has a default may be left out. */
export type SettingsInput = z.input<typeof settingsSchema>;

/** A stack whose SPIRE this program installs. */
export type InstallStack = Settings & { spire: InstalledSpire };

/** True unless someone else runs SPIRE. */
export function installsSpire(settings: Settings): settings is InstallStack {
    return settings.spire.mode === "install";
}
