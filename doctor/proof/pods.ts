/** Finds the pods of a proof and the Cilium agents beside them, and asks both. */
import type { Cluster } from "@cilium-spire/entries-provider";
import { CILIUM } from "../../components/names";

/** A pod with the security identity that Cilium gave it. */
export interface ScenePod {
    /** Its label `app`. */
    app: string;
    name: string;
    node: string;
    identity: number;
}

export interface AuthMapEntry {
    LocalIdentity: number;
    RemoteIdentity: number;
    /** 0 for the node itself. */
    RemoteNodeID: number;
    AuthType: number;
    Expiration: string;
}

export interface LogLine {
    /** Milliseconds since 1970 by the node's clock. */
    time: number;
    text: string;
}

/** The running pod of an app, with its node and identity. */
export async function scenePod(
    cluster: Cluster,
    namespace: string,
    app: string,
): Promise<ScenePod> {
    const { name, node } = await runningPod(cluster, namespace, app);
    const endpoint = (await cluster.ask(
        cluster.custom.getNamespacedCustomObject({
            group: "cilium.io",
            version: "v2",
            plural: "ciliumendpoints",
            namespace,
            name,
        }),
    )) as { status?: { identity?: { id: number } } };
    return { app, name, node, identity: endpoint.status?.identity?.id ?? 0 };
}

/** @throws Error when none of the app's pods runs. */
export async function runningPod(
    cluster: Cluster,
    namespace: string,
    app: string,
): Promise<{ name: string; node: string }> {
    const pods = await cluster.list((page) =>
        cluster.core.listNamespacedPod({ namespace, labelSelector: `app=${app}`, ...page }),
    );
    const pod = pods.find((p) => p.status?.phase === "Running" && !p.metadata?.deletionTimestamp);
    if (!pod) throw new Error(`no running pod of ${app} in namespace ${namespace}`);
    return { name: pod.metadata!.name!, node: pod.spec!.nodeName! };
}

/** Cilium's map of authenticated pairs on one node. */
export async function authMap(cluster: Cluster, node: string): Promise<AuthMapEntry[]> {
    const command = ["cilium-dbg", "bpf", "auth", "list", "-o", "json"];
    return (JSON.parse(await inCilium(cluster, node, command)) as AuthMapEntry[] | null) ?? [];
}

/** The log of a node's Cilium agent, the last lines only where `tailLines` says so. */
export async function ciliumLog(
    cluster: Cluster,
    node: string,
    options: { tailLines?: number } = {},
): Promise<LogLine[]> {
    const { name, namespace } = await ciliumPod(cluster, node);
    const log = await cluster.ask(
        cluster.core.readNamespacedPodLog({
            ...options,
            name,
            namespace,
            container: CILIUM.agentContainer,
            timestamps: true,
        }),
    );
    const lines = log.split("\n").filter((line) => line !== "");
    return lines.map((text) => ({ time: Date.parse(text.slice(0, text.indexOf(" "))), text }));
}

/**
 * Runs a command in the cilium-agent container of a node and returns its stdout.
 *
 * @throws Error when it fails.
 */
export async function inCilium(cluster: Cluster, node: string, command: string[]): Promise<string> {
    const { name, namespace } = await ciliumPod(cluster, node);
    const { code, stdout, stderr } = await cluster.exec(
        { namespace, pod: name, container: CILIUM.agentContainer },
        command,
        { timeoutMs: 30_000 },
    );
    if (code !== 0)
        throw new Error(`${command.join(" ")} on ${node} ended with ${code}: ${stderr}`);
    return stdout;
}

async function ciliumPod(
    cluster: Cluster,
    node: string,
): Promise<{ name: string; namespace: string }> {
    const pods = await cluster.list((page) =>
        cluster.core.listPodForAllNamespaces({
            labelSelector: CILIUM.agentSelector,
            fieldSelector: `spec.nodeName=${node}`,
            ...page,
        }),
    );
    const pod = pods.find((p) => !p.metadata?.deletionTimestamp);
    if (!pod) throw new Error(`no Cilium agent on node ${node}`);
    return { name: pod.metadata!.name!, namespace: pod.metadata!.namespace! };
}
