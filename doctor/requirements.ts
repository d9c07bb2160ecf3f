/** What must be true of the cluster before anything is changed in it. */
import { Cluster, type List } from "@cilium-spire/entries-provider";
import { clusterChoice } from "../components/clusterChoice";
import { AGENT_NAME, BACKUP_NAME, SERVER_NAME } from "../components/names";
import type { StackId } from "../components/owner";
import { serverClaimNames } from "../components/spire/serverPod";
import {
    type PersistentVolume,
    type StorageClass,
    storageProblem,
} from "../components/spire/storage";
import { imageVersion } from "../versions/imageVersion";
import { upgradeProblem } from "../versions/spireUpgrade";
import { installsSpire, type Settings } from "../settings/schema";
import type { InstalledSpire } from "../settings/spire";
import { requireCertManager } from "./certManager";
import { requireCilium } from "./ciliumRequirements";
import { type ExternalStack, requireExternalSpire } from "./external/requirements";
import { requireObservability } from "./observability";
import { requireOwnership } from "./ownership";
import { protectionProblem } from "./protection";
import { requireTrustDomain } from "./trustDomain";

/** Exec with an end of standard input (`v5.channel.k8s.io`), through which entries are written. */
const OLDEST_KUBERNETES = 30;
/** Beta and on: the kubelet's own resource for reading pods (KEP-2862). */
const FINE_GRAINED_KUBELET = 33;
/** Of today, and of docker before 1.7; the kubelet reads both. */
const PULL_SECRET_TYPES = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/**
 * Asks the API server for its version, and for that of a SPIRE that is already there.
 *
 * @param known objects of the stack's state; undefined where nothing is going to be written, and strangers are in no danger.
 * @throws Error that says why the cluster cannot be used: no kubeconfig, no answer within 15 s, too old, or running a
 * SPIRE from which there is no way to the wanted version in one step; what is there by the names of ours and is not this stack's; what the settings would
 * delete although it is protected; how someone else's SPIRE is not as configured; that the trust domain would change; which pull secrets are missing; that a new server or its backups would find no volume; what is wrong with its Cilium or the
 * nodes of Cilium's operator; or that it lacks what `observability` or an issuer of cert-manager needs.
 */
export async function requireCluster(
    settings: Settings,
    id: StackId,
    known?: () => Promise<Set<string>>,
): Promise<void> {
    const cluster = new Cluster(clusterChoice(settings));
    const { gitVersion, minor } = await cluster.ask(cluster.version.getCode());
    const release = Number.parseInt(minor, 10);
    if (release < OLDEST_KUBERNETES) {
        throw new Error(
            `the cluster ${cluster.url} runs Kubernetes ${gitVersion}; 1.${OLDEST_KUBERNETES} or newer is needed. Upgrade it, or choose another with kubeContext.`,
        );
    }
    await requireObservability(cluster, settings);
    await requireCertManager(cluster, settings);
    // Several ask for it, or nobody does.
    let state: Promise<Set<string>> | undefined;
    const inState = known && (() => (state ??= known()));
    if (inState) {
        await requireOwnership(cluster, settings, id, inState);
        const problem = settings.protect && protectionProblem(settings, await inState());
        if (problem) throw new Error(problem);
    }
    await requirePullSecrets(cluster, settings);
    if (installsSpire(settings)) {
        const { spire } = settings;
        requireKubelet(spire.agent, release, gitVersion);
        if (known) await requireTrustDomain(cluster, settings);
        await requireUpgradePath(cluster, spire);
        await requireStorage(cluster, spire.server);
    } else {
        await requireExternalSpire(cluster, settings as ExternalStack, id, inState);
    }
    await requireCilium(cluster, settings, id);
}

function requireKubelet({ kubelet }: InstalledSpire["agent"], release: number, is: string): void {
    if (kubelet.authorization !== "nodes/pods" || release >= FINE_GRAINED_KUBELET) return;
    throw new Error(
        `spire.agent.kubelet.authorization = "nodes/pods" needs Kubernetes 1.${FINE_GRAINED_KUBELET}, the cluster runs ${is}; set it to "nodes/proxy".`,
    );
}

/** Kubelets pass over a pull secret that is missing or of another type, so that images that need it are never pulled. */
async function requirePullSecrets(
    cluster: Cluster,
    { images, spire, cilium }: Settings,
): Promise<void> {
    const namespaces = new Set<string>();
    if (spire.mode === "install") {
        namespaces.add(spire.server.namespace).add(spire.agent.namespace);
    }
    if (cilium.mode === "install") namespaces.add(cilium.namespace);
    const wanted = [...namespaces].flatMap((namespace) =>
        images.pullSecrets.map((name) => ({ namespace, name })),
    );
    const missing: string[] = [];
    for (const { namespace, name } of wanted) {
        const secret = await cluster.find(cluster.core.readNamespacedSecret({ namespace, name }));
        if (secret && PULL_SECRET_TYPES.includes(secret.type ?? "")) continue;
        const problem = secret ? `is of type ${secret.type ?? "Opaque"}` : "does not exist";
        missing.push(`${namespace}/${name} ${problem}`);
    }
    if (missing.length === 0) return;
    throw new Error(
        `images.pullSecrets: ${missing.join(", ")}. Make each with "kubectl -n NAMESPACE create secret docker-registry NAME" (SPIRE's namespace before it, with spire.createNamespaces: false), or remove it from the list.`,
    );
}

/** Compares what runs, as the images of the workloads say, with what is wanted. */
async function requireUpgradePath(cluster: Cluster, spire: InstalledSpire): Promise<void> {
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

/** Claims that are there, bound or not, were made under the rules of their time: what counts is what a new one would meet. */
async function requireStorage(cluster: Cluster, server: InstalledSpire["server"]): Promise<void> {
    const { namespace, storage, backup } = server;
    const wanted = [
        { key: "storage", of: storage, names: serverClaimNames(server) },
        ...(backup?.storage.size === undefined
            ? []
            : [{ key: "backup.storage", of: backup.storage, names: [BACKUP_NAME] }]),
    ];
    const claim = backup?.storage.claim;
    if (claim === undefined && wanted.every(({ names }) => names.length === 0)) return;
    const existing = await cluster.list(
        (page) => cluster.core.listNamespacedPersistentVolumeClaim({ namespace, ...page }),
        ({ metadata }) => metadata?.name,
    );
    if (claim !== undefined && !existing.includes(claim)) {
        throw new Error(
            `spire.server.backup.storage.claim = "${claim}": namespace ${namespace} has no such PersistentVolumeClaim. Make it first (the namespace before it, with spire.createNamespaces: false), or set size instead.`,
        );
    }
    const missing = wanted.filter(({ names }) => !names.every((name) => existing.includes(name)));
    if (missing.length === 0) return;
    const group = { group: "storage.k8s.io", version: "v1", plural: "storageclasses" };
    const classes = await cluster.list((page): Promise<List<StorageClass>> =>
        cluster.custom.listClusterCustomObject({ ...group, ...page }),
    );
    const volumes = await cluster.list((page) => cluster.core.listPersistentVolume(page));
    for (const { key, of } of missing) {
        const setting = `spire.server.${key}.storageClass`;
        const free = volumes as PersistentVolume[];
        const problem = storageProblem(setting, of.storageClass, classes, free);
        if (problem !== undefined) throw new Error(problem);
    }
}
