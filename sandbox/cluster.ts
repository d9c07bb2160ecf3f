import { existsSync } from "node:fs";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureBinary, ensureChart } from "./build/binaries";
import { cgroupDirs, cgroupPids, createCgroup, removeCgroup } from "./host/cgroups";
import { controlPlane, startControlPlane } from "./controlPlane/controlPlane";
import { ensureImageStore, useStore } from "./build/imageStore";
import { MAX_NODES, node, nodeNamed, type Instance, type Node } from "./host/instance";
import { getNodes, kubectl } from "./controlPlane/kubectl";
import { tryLock } from "./host/lock";
import { createBridge, disconnectNode, networkRemains, removeBridge } from "./nodes/network";
import { startNode, waitForNodes } from "./nodes/nodes";
import { removeRouters } from "./nodes/router";
import { sandboxSources } from "./host/paths";
import { createPki } from "./controlPlane/pki";
import { requireMachine } from "./host/machine";
import { commonBinaryNames } from "./build/programs";
import { isRunning } from "./host/services";
import { progress, run } from "./host/shell";
import { useVariant, type VariantName, variantOf, VARIANTS } from "./controlPlane/variant";
import { type Versions, wantedVersions } from "./build/versions";

/** One row of {@link status}. */
export interface Part {
    name: string;
    /** Its process runs, and a node is registered. */
    healthy: boolean;
    detail: string;
}

/**
 * Builds everything that a cluster and its programs need, so that later commands only start.
 *
 * @throws Error that says what the machine lacks, before anything is built.
 */
export async function buildAll(): Promise<void> {
    await requireMachine();
    await Promise.all([
        ...commonBinaryNames().map((name) => ensureBinary(name)),
        ensureImageStore(),
        ensureChart(),
    ]);
}

/** Options of {@link up}. */
export interface UpOptions {
    /**
     * Versions of Cilium and SPIRE whose images the nodes have.
     * @default those of the stack `dev`
     */
    versions?: readonly Versions[];
    /**
     * In what the cluster differs from the usual one.
     * @default what it is already; `default` for a new one
     */
    variant?: VariantName | undefined;
}

/**
 * Brings the instance up: an API server, registered nodes, cluster DNS and storage. The nodes are not
 * ready and those pods wait, because the network (Cilium) is installed by the Pulumi program.
 *
 * Does nothing when all runs already; starts what has died; begins anew when an earlier `up` did not get
 * to its end, or the machine was restarted.
 *
 * @throws Error that says which part is missing and why, each within its deadline; or that it is up in another variant.
 */
export async function startCluster(
    instance: Instance,
    { versions = [wantedVersions()], variant }: UpOptions = {},
): Promise<void> {
    await requireMachine();
    await locked(instance, async () => {
        const store = await ensureImageStore(versions);
        if ((await finishedBoot(instance)) !== (await bootId())) await destroy(instance);
        await useStore(instance, store);
        const { storage } = VARIANTS[await useVariant(instance, variant)];
        const parts = await status(instance);
        if (parts.length > 0 && parts.every((part) => part.healthy)) {
            progress(`sandbox ${instance.number} runs already`);
            return;
        }
        await ensureBinary("kubelet");
        await createPki(instance);
        await createBridge(instance);
        await createCgroup(instance.cgroup);
        progress("keys, network and cgroups made; starting control plane and nodes");
        const nodes = await wantedNodes(instance);
        // Nodes take seconds until they ask for the API server, so both start at once.
        await Promise.all([
            startControlPlane(instance).then(() => progress("API server ready")),
            ...nodes.map((n) => startNode(instance, n)),
        ]);
        progress("nodes started");
        const addOns = ["coredns", "local-path-provisioner", `storage-${storage}`];
        for (const file of addOns.map((name) => `${name}.yaml`)) {
            await kubectl(instance, ["apply", "-f", join(sandboxSources, "manifests", file)]);
        }
        await waitForNodes(instance, nodes);
        await writeFile(finishedFile(instance), await bootId());
        progress(`${nodes.length} nodes registered`);
    });
}

/** Removes the instance with all its processes, interfaces, cgroups and data. */
export async function removeCluster(instance: Instance): Promise<void> {
    await locked(instance, () => destroy(instance));
}

/**
 * Runs a change of the instance while no other process changes it.
 *
 * @throws Error at once when another process does.
 */
export async function locked<T>(instance: Instance, change: () => Promise<T>): Promise<T> {
    const release = await tryLock(`sandbox-${instance.number}`);
    if (!release) {
        throw new Error(
            `another command is changing sandbox ${instance.number}: wait until it ends, or choose another --instance`,
        );
    }
    try {
        return await change();
    } finally {
        release();
    }
}

async function destroy(instance: Instance): Promise<void> {
    await removeRouters(instance);
    await removeCgroup(instance.cgroup);
    for (let index = 1; index <= MAX_NODES; index++) await disconnectNode(node(instance, index));
    await removeBridge(instance);
    // Before the rest: a removal that is interrupted must not look like a finished cluster.
    await rm(finishedFile(instance), { force: true });
    await rm(instance.stateDir, { recursive: true, force: true });
}

/** The parts of the instance and how they are; all unhealthy when the API server does not answer. */
export async function status(instance: Instance): Promise<Part[]> {
    if (!existsSync(finishedFile(instance))) return [];
    const services = await controlPlane(instance);
    const running = await Promise.all(services.map(isRunning));
    const parts = services.map((service, i): Part => {
        const healthy = running[i]!;
        return { name: service.name, healthy, detail: healthy ? "running" : "not running" };
    });
    const registered = await getNodes(instance).catch(() => undefined);
    for (const wanted of await wantedNodes(instance)) {
        const alive = await isRunning(wanted);
        const object = registered?.find((n) => n.metadata.name === wanted.name);
        const ready = object?.status.conditions?.find((c) => c.type === "Ready");
        const readiness =
            ready?.status === "True" ? "Ready" : `NotReady: ${ready?.message ?? "unknown"}`;
        const unregistered = registered
            ? "not registered"
            : "unknown to an API server that is down";
        const detail = !alive ? "not running" : object ? readiness : unregistered;
        parts.push({ name: wanted.name, healthy: alive && object !== undefined, detail });
    }
    return parts;
}

/** Everything of the instance that exists on the machine; empty after {@link down}. */
export async function remains(instance: Instance): Promise<string[]> {
    const pids = await cgroupPids(instance.cgroup);
    const mounts = await readFile("/proc/self/mounts", "utf8");
    const mine = (mount: string) => mount.includes(instance.stateDir + "/");
    const routes = (await run("ip", ["route", "show"])).split("\n");
    return [
        ...pids.map((pid) => `process ${pid}`),
        ...(await cgroupDirs(instance.cgroup)).map((dir) => `cgroup ${dir}`),
        ...(await networkRemains(instance)),
        ...routes.filter((r) => r.includes(` ${instance.bridge} `)).map((r) => `route ${r.trim()}`),
        ...mounts
            .split("\n")
            .filter(mine)
            .map((m) => `mount ${m.split(" ")[1]}`),
        ...(existsSync(instance.stateDir) ? [`directory ${instance.stateDir}`] : []),
    ];
}

/** Those of the variant and those that were added: an added node has a directory. */
async function wantedNodes(instance: Instance): Promise<Node[]> {
    const names = await readdir(join(instance.stateDir, "nodes")).catch(() => []);
    const indexes = new Set(names.map((name) => nodeNamed(instance, name).index));
    const { nodes } = await variantOf(instance);
    for (let index = 1; index <= nodes; index++) indexes.add(index);
    return [...indexes].sort((a, b) => a - b).map((index) => node(instance, index));
}

/** Exists once `up` got to its end; holds the boot it happened in. */
function finishedFile(instance: Instance): string {
    return join(instance.stateDir, "finished");
}

async function finishedBoot(instance: Instance): Promise<string | undefined> {
    return readFile(finishedFile(instance), "utf8").catch(() => undefined);
}

async function bootId(): Promise<string> {
    return readFile("/proc/sys/kernel/random/boot_id", "utf8");
}
