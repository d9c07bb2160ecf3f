/**
 * What has the names of this stack's objects and is somebody else's. The provider would write into it (it upserts), and a
 * destroy would delete it.
 */
import type { Cluster } from "@cilium-spire/entries-provider";
import { CILIUM } from "../components/names";
import { observabilityObjects } from "../components/observability/objects";
import { ownerOf, type StackId } from "../components/owner";
import { installsSpire, type Settings } from "../settings/schema";
import type { InstalledSpire } from "../settings/spire";
import {
    ciliumObjects,
    clusterRoles,
    type Header,
    header,
    optionalObjects,
    spireObjects,
} from "./ownObjects";

const POD_SECURITY = "pod-security.kubernetes.io/enforce";

/**
 * @param known objects of the stack's state, each as its {@link objectKey}; asked for only when one is in doubt.
 * @throws Error that lists what is somebody else's by the key that leads to it, with the ways out.
 */
export async function requireOwnership(
    cluster: Cluster,
    settings: Settings,
    id: StackId,
    known: () => Promise<Set<string>>,
): Promise<void> {
    const { cilium } = settings;
    const mine = { owner: ownerOf(id), known };
    const problems = installsSpire(settings)
        ? await spireProblems(cluster, mine, settings.spire, id)
        : [];
    if (cilium.mode === "install") {
        const found = [
            ...(await foreign(cluster, mine, ciliumObjects(cilium.namespace))),
            ...(await agentsElsewhere(cluster, cilium.namespace)),
        ];
        if (found.length > 0) {
            problems.push(
                `cilium.mode = "install": there is a Cilium of somebody else's (${found.join(", ")}); set it to "adopt", with cilium.namespace and cilium.version as they are, or remove that one`,
            );
        }
    }
    const watching = await foreign(cluster, mine, observabilityObjects(settings));
    if (watching.length > 0) {
        problems.push(
            `observability: there are ${watching.join(", ")} of somebody else's; remove them, or what asks for them here`,
        );
    }
    if (problems.length === 0) return;
    const list = problems.map((problem) => `\n  ${problem}`).join("");
    throw new Error(`The cluster has what is not this stack's; nothing was changed.${list}`);
}

/** What is in the way of a SPIRE that this program installs. */
async function spireProblems(
    cluster: Cluster,
    mine: Mine,
    spire: InstalledSpire,
    { stack }: StackId,
): Promise<string[]> {
    const problems: string[] = [];
    for (const [key, name] of namespacesOf(spire)) {
        const at = `${key} = "${name}"`;
        const problem = spire.createNamespaces
            ? await namespaceTaken(cluster, mine, name)
            : await namespaceUnusable(cluster, key, name);
        if (problem !== undefined) problems.push(`${at}: ${problem}`);
        const objects = await foreign(cluster, mine, spireObjects(name));
        if (objects.length > 0) {
            problems.push(
                `${at}: has ${objects.join(", ")} of somebody else's; use it with spire.mode = "external", choose another namespace, or remove them`,
            );
        }
    }
    const roles = await foreign(cluster, mine, clusterRoles(stack));
    if (roles.length > 0) {
        problems.push(
            `the stack's name "${stack}": ${roles.join(", ")} of somebody else's; give the stack another, or remove them`,
        );
    }
    for (const { key, objects, wayOut } of optionalObjects(spire, stack)) {
        const found = await foreign(cluster, mine, objects);
        if (found.length > 0) {
            problems.push(`${key}: there are ${found.join(", ")} of somebody else's; ${wayOut}`);
        }
    }
    return problems;
}

/** The namespaces by the key that names each; one that both share is the agents'. */
function namespacesOf({ server, agent }: InstalledSpire): [key: string, namespace: string][] {
    const agents: [string, string] = ["spire.agent.namespace", agent.namespace];
    if (server.namespace === agent.namespace) return [agents];
    return [["spire.server.namespace", server.namespace], agents];
}

/** Why a namespace cannot be made, or undefined when it can. */
async function namespaceTaken(
    cluster: Cluster,
    mine: Mine,
    name: string,
): Promise<string | undefined> {
    const found = await foreign(cluster, mine, [header("v1", "Namespace", name)]);
    if (found.length === 0) return undefined;
    return "the namespace is there and is not this stack's, which would label it and, when destroyed, delete all that is in it; choose another, or set spire.createNamespaces to false";
}

/** Why a namespace of others cannot be used as it is, or undefined when it can. */
async function namespaceUnusable(
    cluster: Cluster,
    key: string,
    name: string,
): Promise<string | undefined> {
    const found = await cluster.find(cluster.core.readNamespace({ name }));
    if (!found) return "does not exist, and spire.createNamespaces is false; make it first";
    const level = found.metadata?.labels?.[POD_SECURITY] ?? "privileged";
    if (key === "spire.server.namespace" || level === "privileged") return undefined;
    return `its Pod Security level "${level}" refuses the agents' hostPID and hostPath; run "kubectl label --overwrite namespace ${name} ${POD_SECURITY}=privileged", or choose another`;
}

/** Agents in other namespaces: two Ciliums break the network. */
async function agentsElsewhere(cluster: Cluster, namespace: string): Promise<string[]> {
    const labelSelector = CILIUM.agentSelector;
    const found = await cluster.list((page) =>
        cluster.apps.listDaemonSetForAllNamespaces({ labelSelector, ...page }),
    );
    return found
        .filter(({ metadata }) => metadata?.namespace !== namespace)
        .map(({ metadata }) => `DaemonSet ${metadata!.namespace!}/${metadata!.name!}`);
}

/** What a stack knows its own objects by. */
interface Mine {
    owner: string;
    known: () => Promise<Set<string>>;
}

/** Those of the objects that exist, were never written by the owner, and are not in its state either. */
async function foreign(
    cluster: Cluster,
    { owner, known }: Mine,
    headers: Header[],
): Promise<string[]> {
    const found = await Promise.all(
        headers.map(async (header) => {
            const object = await cluster.find(cluster.objects.read(header));
            const written = object?.metadata?.managedFields?.some((f) => f.manager === owner);
            return !object || written ? [] : [header];
        }),
    );
    const strangers = found.flat();
    if (strangers.length === 0) return [];
    const ours = await known();
    return strangers
        .filter(
            ({ kind, metadata: { name, namespace } }) =>
                !ours.has(objectKey(kind, name, namespace)),
        )
        .map(({ kind, metadata: { name } }) => `${kind} ${name}`);
}

/** An object among all of a cluster's; there is none of ours of one kind in two API groups. */
export function objectKey(kind: string, name: string, namespace = ""): string {
    return `${kind} ${namespace}/${name}`;
}
