/** What must be true of a cluster's Cilium, and of the nodes of its operator, before anything is changed. */
import { type Cluster, METADATA_ONLY, selectorText } from "@cilium-spire/entries-provider";
import { foreignSocketDirectory } from "../components/cilium/adoptionPatches";
import { adoptionProblem } from "../components/cilium/meshAuthConfig";
import { strayLabels } from "../components/cilium/operatorNodes";
import { CILIUM, INSTALLED_BY } from "../components/names";
import { ownerOf, type StackId } from "../components/owner";
import type { AdoptSettings, InstallSettings } from "../settings/cilium";
import { operatorPlacement } from "../settings/cilium/operatorNodes";
import type { Settings } from "../settings/schema";
import { ciliumUpgradeProblem } from "../versions/ciliumUpgrade";
import { imageVersion } from "../versions/imageVersion";

const LABELS = "registration.operatorNodeLabels";
/** The chart's name, which no value changes. */
const MESH_DEPLOYMENT = "clustermesh-apiserver";

/** @throws Error that says by which key, and what to do. */
export async function requireCilium(
    cluster: Cluster,
    { cilium, registration, mutualAuth, spire }: Settings,
    id: StackId,
): Promise<void> {
    const { namespace } = cilium;
    const labels = registration.operatorNodeLabels;
    if (mutualAuth) await requireNoMesh(cluster, namespace);
    if (cilium.mode === "adopt") {
        const [agents, operator] = await Promise.all([
            agentDaemonSet(cluster, namespace),
            operatorDeployment(cluster, namespace),
        ]);
        await requireAdoptable(cluster, cilium, agents, id);
        if (mutualAuth) requireSameSockets(namespace, spire.sockets, agents, operator);
        await requireOperatorKeptTo(cluster, namespace, operator, labels);
    } else {
        const { version: running } = await agentDaemonSet(cluster, namespace);
        const problem = ciliumUpgradeProblem(running, cilium.version);
        if (problem !== undefined) throw new Error(problem);
        await requireNodesForOperator(cluster, cilium, labels);
    }
}

type Agents = Awaited<ReturnType<typeof agentDaemonSet>>;
type Operator = Awaited<ReturnType<typeof operatorDeployment>>;

async function agentDaemonSet(cluster: Cluster, namespace: string) {
    const name = CILIUM.agentDaemonSet;
    const daemonSet = await cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace }));
    const agent = daemonSet?.spec?.template.spec?.containers.find(
        (container) => container.name === CILIUM.agentContainer,
    );
    return { daemonSet, agent, version: imageVersion(agent?.image ?? "") };
}

async function operatorDeployment(cluster: Cluster, namespace: string) {
    const name = CILIUM.operatorDeployment;
    return await cluster.find(cluster.apps.readNamespacedDeployment({ name, namespace }));
}

/**
 * A cluster of a mesh offers itself to the others by this Deployment, unless they share a key-value store, in which there
 * are no CiliumIdentities to register. Its own name and ID connect nothing. (Whom it knows is in a Secret, which a preview
 * need not be allowed to read.)
 */
async function requireNoMesh(cluster: Cluster, namespace: string): Promise<void> {
    const name = MESH_DEPLOYMENT;
    if (!(await cluster.find(cluster.apps.readNamespacedDeployment({ name, namespace })))) return;
    throw new Error(
        `mutualAuth = true, but this cluster is in a Cluster Mesh (namespace ${namespace} has Deployment "${name}"), which Cilium cannot combine with mutual authentication: there is no trust domain across clusters. Disconnect it ("cilium clustermesh disable"), or set mutualAuth to false.`,
    );
}

/** @throws Error when there is no Cilium to adopt, or not one that can be. */
async function requireAdoptable(
    cluster: Cluster,
    { namespace, version }: AdoptSettings,
    { daemonSet, agent, version: running }: Agents,
    id: StackId,
): Promise<void> {
    const configMap = await cluster.find(
        cluster.core.readNamespacedConfigMap({ name: CILIUM.configMap, namespace }),
    );
    if (!agent || !configMap) {
        throw new Error(
            `cilium.mode = "adopt", but namespace ${namespace} has no DaemonSet "${CILIUM.agentDaemonSet}" with ConfigMap "${CILIUM.configMap}"; set cilium.namespace, or cilium.mode to "install".`,
        );
    }
    if (daemonSet?.metadata?.annotations?.[INSTALLED_BY] === ownerOf(id)) {
        throw new Error(
            `cilium.mode = "adopt", but this stack installed the Cilium in namespace ${namespace}, and would now delete it; set cilium.mode to "install". docs/cilium.md says how to change over.`,
        );
    }
    const problem = adoptionProblem(running, version, configMap.data ?? {});
    if (problem !== undefined) throw new Error(problem);
}

/** A release that mounts sockets of its own has to name ours, or the patches could not be taken away any more. */
function requireSameSockets(
    namespace: string,
    sockets: Settings["spire"]["sockets"],
    { daemonSet }: Agents,
    operator: Operator,
): void {
    const problems = (
        [
            ["admin", "adminSocketPath", `DaemonSet ${CILIUM.agentDaemonSet}`, daemonSet],
            ["workload", "agentSocketPath", `Deployment ${CILIUM.operatorDeployment}`, operator],
        ] as const
    ).flatMap(([key, value, name, object]) => {
        const socket = sockets[key];
        const theirs = object && foreignSocketDirectory(object, socket);
        return theirs === undefined
            ? []
            : [
                  `spire.sockets.${key} = "${socket}", but ${name} of namespace ${namespace} mounts ${theirs} for it, as the values of its Helm release say; a patch over that could not be taken away again. Set authentication.mutual.spire.${value} to "${socket}" there, with "helm upgrade", or spire.sockets.${key} to a socket in ${theirs}.`,
              ];
    });
    if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** Where the operator runs is for the installer's values to say, but only there may it be given its identity. */
async function requireOperatorKeptTo(
    cluster: Cluster,
    namespace: string,
    deployment: Operator,
    labels: Record<string, string>,
): Promise<void> {
    if (Object.keys(labels).length === 0) return;
    const name = CILIUM.operatorDeployment;
    if (!deployment) {
        throw new Error(
            `cilium.mode = "adopt", but namespace ${namespace} has no Deployment "${name}", which registers the identities; set cilium.namespace, or cilium.mode to "install".`,
        );
    }
    const stray = strayLabels(deployment.spec?.template.spec, labels);
    if (stray.length > 0) {
        throw new Error(
            `${LABELS} = ${JSON.stringify(labels)}, but Deployment ${namespace}/${name} may run on nodes without ${stray.join(", ")}, where SPIRE would give it no identity; set operator.nodeSelector to these labels in the values of the Helm release, or remove them here.`,
        );
    }
    await requireNodes(cluster, labels, 1);
}

async function requireNodesForOperator(
    cluster: Cluster,
    cilium: InstallSettings,
    labels: Record<string, string>,
): Promise<void> {
    if (Object.keys(labels).length === 0) return;
    const { nodeSelector, nodes } = operatorPlacement(cilium.values, labels);
    await requireNodes(cluster, nodeSelector, nodes);
}

async function requireNodes(
    cluster: Cluster,
    labels: Record<string, string>,
    wanted: number,
): Promise<void> {
    const labelSelector = selectorText(LABELS, { matchLabels: labels });
    const { length: count } = await cluster.list((page) =>
        cluster.core.listNode({ labelSelector, ...page }, METADATA_ONLY),
    );
    if (count >= wanted) return;
    const found = count === 0 ? "no node has" : `only ${count} of ${wanted} nodes have`;
    throw new Error(
        `${LABELS}: ${found} the labels ${labelSelector}, so cilium-operator could not run; ` +
            `label them with "kubectl label node NODE ${labelSelector.replaceAll(",", " ")}", or name labels that trusted nodes have` +
            (wanted > 1
                ? ", or set cilium.values.operator.replicas: its replicas share no node."
                : "."),
    );
}
