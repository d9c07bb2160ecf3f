/** What must be true of the cluster before anything is changed in it. */
import { Cluster } from "@cilium-spire/entries-provider";
import type { Settings } from "./config";

/** Exec with an end of standard input (`v5.channel.k8s.io`), through which entries are written. */
const OLDEST_KUBERNETES = 30;
/** Beta and on: the kubelet's own resource for reading pods (KEP-2862). */
const FINE_GRAINED_KUBELET = 33;

/**
 * Asks the API server for its version.
 *
 * @throws Error that says why the cluster cannot be used: no kubeconfig, no answer within 15 s, or too old.
 */
export async function requireCluster({ kubeContext, spire }: Settings): Promise<void> {
    const cluster = new Cluster(kubeContext);
    const { gitVersion, minor } = await cluster.ask(cluster.version.getCode());
    const release = Number.parseInt(minor, 10);
    if (release < OLDEST_KUBERNETES) {
        throw new Error(
            `the cluster ${cluster.url} runs Kubernetes ${gitVersion}; 1.${OLDEST_KUBERNETES} or newer is needed. Upgrade it, or choose another with kubeContext.`,
        );
    }
    if (spire.agent.kubelet.authorization === "nodes/pods" && release < FINE_GRAINED_KUBELET) {
        throw new Error(
            `spire.agent.kubelet.authorization = "nodes/pods" needs Kubernetes 1.${FINE_GRAINED_KUBELET}, the cluster runs ${gitVersion}; set it to "nodes/proxy".`,
        );
    }
}
