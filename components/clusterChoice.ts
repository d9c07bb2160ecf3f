/** Which cluster the settings mean, for what talks to it without Pulumi's provider. */
import type { ClusterChoice } from "@cilium-spire/entries-provider";
import type { Settings } from "../settings/schema";

/** What is absent stays so: it would be a difference in every state. */
export function clusterChoice({
    kubeContext,
    kubeconfig,
}: Pick<Settings, "kubeContext" | "kubeconfig">): ClusterChoice {
    return {
        ...(kubeContext !== undefined && { context: kubeContext }),
        ...(kubeconfig !== undefined && { kubeconfig }),
    };
}
