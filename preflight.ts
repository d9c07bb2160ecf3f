/** What must be true of the cluster before anything is changed in it. */
import { Cluster } from "@cilium-spire/entries-provider";
import { adoptionProblem } from "./components/cilium/meshAuthConfig";
import { AGENT_NAME, CILIUM, INSTALLED_BY, SERVER_NAME } from "./components/names";
import { imageVersion, upgradeProblem } from "./components/spire/upgrade";
import type { Settings } from "./config";
import type { CiliumSettings } from "./settings/cilium";

/** Exec with an end of standard input (`v5.channel.k8s.io`), through which entries are written. */
const OLDEST_KUBERNETES = 30;
/** Beta and on: the kubelet's own resource for reading pods (KEP-2862). */
const FINE_GRAINED_KUBELET = 33;

/**
 * Asks the API server for its version, and for that of a SPIRE that is already there.
 *
 * @throws Error that says why the cluster cannot be used: no kubeconfig, no answer within 15 s, too old, or running a
 * SPIRE from which there is no way to the wanted version in one step; or why its Cilium cannot be adopted.
 */
export async function requireCluster(
    { kubeContext, spire, cilium }: Settings,
    stack: string,
): Promise<void> {
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
    await requireUpgradePath(cluster, spire);
    if (cilium.mode === "adopt") await requireAdoptable(cluster, cilium, stack);
}

/** Compares what runs, as the images of the workloads say, with what is wanted. */
async function requireUpgradePath(cluster: Cluster, spire: Settings["spire"]): Promise<void> {
    const { server, agent, version } = spire;
    const [statefulSet, daemonSet] = await Promise.all([
        cluster.find(
            cluster.apps.readNamespacedStatefulSet({
                name: SERVER_NAME,
                namespace: server.namespace,
            }),
        ),
        cluster.find(
            cluster.apps.readNamespacedDaemonSet({ name: AGENT_NAME, namespace: agent.namespace }),
        ),
    ]);
    const versionOf = (workload: typeof statefulSet | typeof daemonSet, container: string) => {
        const containers = workload?.spec?.template.spec?.containers;
        return imageVersion(containers?.find((c) => c.name === container)?.image ?? "");
    };
    const running = {
        server: versionOf(statefulSet, SERVER_NAME),
        agent: versionOf(daemonSet, AGENT_NAME),
    };
    const problem = upgradeProblem(running, version);
    if (problem) throw new Error(problem);
}

/** @throws Error when there is no Cilium to adopt, or not one that can be. */
async function requireAdoptable(
    cluster: Cluster,
    { namespace, version }: CiliumSettings,
    stack: string,
): Promise<void> {
    const [daemonSet, configMap] = await Promise.all([
        cluster.find(
            cluster.apps.readNamespacedDaemonSet({ name: CILIUM.agentDaemonSet, namespace }),
        ),
        cluster.find(cluster.core.readNamespacedConfigMap({ name: CILIUM.configMap, namespace })),
    ]);
    const agent = daemonSet?.spec?.template.spec?.containers.find(
        (container) => container.name === CILIUM.agentContainer,
    );
    if (!agent || !configMap) {
        throw new Error(
            `cilium.mode = "adopt", but namespace ${namespace} has no DaemonSet "${CILIUM.agentDaemonSet}" with ConfigMap "${CILIUM.configMap}"; set cilium.namespace, or cilium.mode to "install".`,
        );
    }
    if (daemonSet?.metadata?.annotations?.[INSTALLED_BY] === stack) {
        throw new Error(
            `cilium.mode = "adopt", but this stack installed the Cilium in namespace ${namespace}, and would now delete it; set cilium.mode to "install". docs/cilium.md says how to change over.`,
        );
    }
    const running = imageVersion(agent.image ?? "");
    const problem = adoptionProblem(running, version, configMap.data ?? {});
    if (problem !== undefined) throw new Error(problem);
}
