/** Pulumi's way to the cluster that the settings mean. */
import * as k8s from "@pulumi/kubernetes";
import type { Settings } from "../settings/schema";

/**
 * The Kubernetes provider for the objects of a stack. What talks to the cluster without it, {@link AgentEntries} and the
 * waiting for DaemonSets, has the same `kubeconfig` and `kubeContext` from the settings: a provider does not tell its own.
 */
export function clusterProvider(
    name: string,
    { kubeContext, kubeconfig }: Pick<Settings, "kubeContext" | "kubeconfig">,
): k8s.Provider {
    return new k8s.Provider(name, {
        context: kubeContext,
        kubeconfig,
        // A ConfigMap whose name others know is changed in place, not deleted and made again.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
    });
}
