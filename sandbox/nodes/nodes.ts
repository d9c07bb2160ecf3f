import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { poll } from "@cilium-spire/entries-provider/poll";
import { ensureBinary } from "../build/binaries";
import { cgroupDir, cgroupPids, createCgroup, enterScript, removeCgroup } from "../host/cgroups";
import { ensureRoot, ensureTools } from "../build/debian";
import { toolPath } from "../build/imageStore";
import type { Instance, Node } from "../host/instance";
import { getNodes, kubectl } from "../controlPlane/kubectl";
import { connectNode, disconnectNode, routePods } from "./network";
import { createNodeFiles, kubeProxyDir } from "./nodeFiles";
import { compiledDir, sandboxSources } from "../host/paths";
import { isRunning, logTail, startService, type Service } from "../host/services";
import { run, SOON } from "../host/shell";
import { variantOf } from "../controlPlane/variant";

const REGISTRATION_DEADLINE_MS = 90_000;

/** Where kube-proxy says how it is; Kubernetes' default. */
const PROXY_HEALTH_PORT = 10256;

/**
 * The processes of a node proper (pods get cgroups beside it). cgroup2 wants processes in leaves only, and
 * what a node runs must be below its own cgroup: others get no translation of service addresses.
 */
function systemCgroup(node: Node): string {
    return `${node.cgroup}/system`;
}

/** Starts the node unless it runs. It registers itself later: {@link waitForNodes}. */
export async function startNode(instance: Instance, node: Node): Promise<void> {
    if (await isRunning(node)) return;
    const variant = await variantOf(instance);
    await createNodeFiles(instance, node, variant);
    await removeCgroup(node.cgroup);
    await connectNode(instance, node);
    const spaces = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"];
    const service: Service = {
        name: node.name,
        cgroup: systemCgroup(node),
        // nsenter, not `ip netns exec`: that one remounts /sys and hides cgroups and BPF maps.
        command: "nsenter",
        args: [
            `--net=/run/netns/${node.netns}`,
            ...spaces,
            "--mount-proc",
            join(sandboxSources, "nodes", "node.sh"),
        ],
        env: {
            NODE_NAME: node.name,
            NODE_IP: node.ip,
            NODE_DIR: node.dir,
            CGROUP: node.cgroup,
            CGROUP2: cgroupDir(node.cgroup),
            COMPILED: compiledDir,
            API_ADDRESS: instance.apiAddress,
            API_NAME: variant.apiName,
            KUBELET: await ensureBinary("kubelet"),
            ...(variant.kubeProxy && {
                KUBE_PROXY_DIR: kubeProxyDir(node),
                KUBE_PROXY_ROOT: await ensureRoot("cilium-runtime"),
            }),
            PATH: toolPath(await ensureTools()),
        },
    };
    await mkdir(compiledDir, { recursive: true });
    await createCgroup(service.cgroup);
    await startService(instance, service);
}

/**
 * Returns when the nodes have registered and have routes for their pods, and kube-proxy runs on those that have one.
 *
 * @throws Error that names the missing nodes, with the end of their logs.
 */
export async function waitForNodes(instance: Instance, nodes: readonly Node[]): Promise<void> {
    const { controlPlaneNode, kubeProxy } = await variantOf(instance);
    let missing = nodes.map((n) => n.name);
    try {
        const attempt = async () => {
            for (const node of nodes) {
                missing = [node.name];
                if (!(await isRunning(node))) return { failed: `${node.name} ended` };
            }
            missing = await routePods(instance, nodes);
            if (missing.length === 0 && kubeProxy) missing = await withoutProxy(nodes);
            return missing.length ? { waitingFor: missing.join(", ") } : { done: true };
        };
        await poll(REGISTRATION_DEADLINE_MS, "registration of all nodes", attempt, SOON);
    } catch (error) {
        const logs = await Promise.all(missing.map((name) => logTail(instance, name)));
        throw new Error([messageOf(error), ...logs].join("\n"));
    }
    const control = nodes.find((n) => n.index === 1);
    if (control && controlPlaneNode) {
        // The kubelet is not allowed to give itself this label.
        const label = "node-role.kubernetes.io/control-plane=";
        await kubectl(instance, ["label", "--overwrite", "node", control.name, label]);
    }
}

/** Names of the nodes whose kube-proxy does not run. On such a node what is sent to a service is lost without a word. */
async function withoutProxy(nodes: readonly Node[]): Promise<string[]> {
    const healthy = await Promise.all(
        nodes.map(async ({ ip }) => {
            const signal = AbortSignal.timeout(2000);
            const answer = fetch(`http://${ip}:${PROXY_HEALTH_PORT}/healthz`, { signal });
            return (await answer.catch(() => undefined))?.ok ?? false;
        }),
    );
    return nodes.filter((_, i) => !healthy[i]).map(({ name }) => name);
}

/** Starts a node and waits until it has registered; a new one or one that was killed. */
export async function addNode(instance: Instance, node: Node): Promise<void> {
    await startNode(instance, node);
    await waitForNodes(instance, [node]);
}

/** Kills the node as a power failure would: its Node object stays and becomes NotReady. */
export async function killNode(node: Node): Promise<void> {
    await removeCgroup(node.cgroup);
    await disconnectNode(node);
}

/** Kills the node, deletes its Node object and its disk. */
export async function removeNode(instance: Instance, node: Node): Promise<void> {
    await killNode(node);
    await kubectl(instance, ["delete", "node", node.name, "--ignore-not-found"]);
    await rm(node.dir, { recursive: true, force: true });
}

/**
 * Deletes the Node object and creates it again at once, as a repaired or re-imaged machine does: the node
 * runs on, its pods survive, but its UID is new.
 *
 * @returns the new UID.
 */
export async function recreateNode(instance: Instance, node: Node): Promise<string> {
    const text = await kubectl(instance, ["get", "node", node.name, "-o", "json"]);
    const { apiVersion, kind, metadata, spec } = JSON.parse(text) as Record<string, never> & {
        metadata: { name: string; labels: object; annotations: object };
    };
    const { name, labels, annotations } = metadata;
    const fresh = { apiVersion, kind, metadata: { name, labels, annotations }, spec };
    await kubectl(instance, ["delete", "node", node.name]);
    await kubectl(instance, ["create", "-f", "-"], { input: JSON.stringify(fresh) });
    const nodes = await getNodes(instance);
    return nodes.find((n) => n.metadata.name === node.name)!.metadata.uid;
}

/**
 * The command line that runs a command as the node: in its namespaces and in its cgroup, so that service
 * addresses work.
 *
 * @throws Error when the node does not run.
 */
export async function asNode(node: Node, command: readonly string[]): Promise<string[]> {
    const pid = await nodePid(node);
    const enter = [
        "nsenter",
        `--target=${pid}`,
        "--mount",
        "--net",
        "--pid",
        "--uts",
        "--ipc",
        "--",
    ];
    return ["sh", "-c", enterScript(systemCgroup(node)), "sh", ...enter, ...command];
}

/** The pid, on the host, of process 1 of the node. */
async function nodePid(node: Node): Promise<number> {
    for (const pid of await cgroupPids(systemCgroup(node))) {
        const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
        // One number per nested PID namespace: two for the node's processes, more for those of its pods.
        if (/^NSpid:\s+\d+\s+1$/m.test(status)) return pid;
    }
    throw new Error(`node ${node.name} does not run; start it with \`up\` or \`node start\``);
}

/** Runs a command as the node and returns its stdout. */
export async function execNode(node: Node, command: readonly string[]): Promise<string> {
    const [program, ...args] = await asNode(node, command);
    return run(program!, args);
}

/** Brings the images of a docker-archive to a running node, beside those with which it started. */
export async function loadImages(node: Node, archive: string): Promise<void> {
    const ctr = join(await ensureTools(), "usr", "bin", "ctr");
    await execNode(node, [ctr, "--namespace", "k8s.io", "images", "import", archive]);
}
