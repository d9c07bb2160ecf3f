import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Instance, Node } from "../host/instance";
import { getNodes } from "../controlPlane/kubectl";
import { run } from "../host/shell";

const NETNS_DIR = "/run/netns";

/** Several `ip` commands in one call, in a network namespace or the host's; it stops at the first that fails. */
export async function ip(commands: string[], netns?: string): Promise<void> {
    const where = netns ? ["-netns", netns] : [];
    await run("ip", [...where, "-batch", "-"], { input: commands.join("\n") + "\n" });
}

export function linkExists(name: string): boolean {
    return existsSync(`/sys/class/net/${name}`);
}

export function netnsExists(name: string): boolean {
    return existsSync(join(NETNS_DIR, name));
}

/**
 * Makes the bridge that joins host and nodes.
 *
 * @throws Error when the host already uses the instance's range.
 */
export async function createBridge(instance: Instance): Promise<void> {
    const { bridge, apiAddress, subnetPrefix } = instance;
    if (linkExists(bridge)) return;
    const range = apiAddress.slice(0, apiAddress.lastIndexOf(".") + 1);
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
        if (addresses?.some((a) => a.address.startsWith(range))) {
            throw new Error(
                `interface ${name} already has an address in ${range}0/${subnetPrefix}: choose another --instance`,
            );
        }
    }
    await ip([
        `link add ${bridge} type bridge`,
        `address add ${apiAddress}/${subnetPrefix} dev ${bridge}`,
        `link set ${bridge} up`,
    ]);
}

/** Makes the node's network namespace and its cable to the bridge, afresh. */
export async function connectNode(instance: Instance, node: Node): Promise<void> {
    await disconnectNode(node);
    const { netns } = node;
    await ip([
        `netns add ${netns}`,
        `link add ${netns} type veth peer name eth0 netns ${netns}`,
        `link set ${netns} master ${instance.bridge} up`,
    ]);
    await ip(
        [
            "link set lo up",
            `address add ${node.ip}/${instance.subnetPrefix} dev eth0`,
            "link set eth0 up",
            `route add default via ${instance.apiAddress}`,
        ],
        netns,
    );
}

/** Removes what {@link connectNode} made; the node's processes must be gone. */
export async function disconnectNode(node: Node): Promise<void> {
    if (linkExists(node.netns)) {
        await ip([`link delete ${node.netns}`, `route flush via ${node.ip}`]);
    }
    if (netnsExists(node.netns)) await ip([`netns delete ${node.netns}`]);
}

/** Removes the bridge, and with it the host's routes over it. */
export async function removeBridge(instance: Instance): Promise<void> {
    if (linkExists(instance.bridge)) await ip([`link delete ${instance.bridge}`]);
    // `ip netns add` mounts this directory on itself. A namespace of somebody else keeps it busy.
    const unused = existsSync(NETNS_DIR) && (await readdir(NETNS_DIR)).length === 0;
    if (unused) await run("umount", [NETNS_DIR]).catch(() => {});
}

/**
 * Routes each node's pod range to the node. Pods reach the API server without source translation, so its
 * answers need these routes; the ranges differ each time, and come from the API.
 *
 * @returns names of nodes that have no range yet.
 */
export async function routePods(instance: Instance, nodes: readonly Node[]): Promise<string[]> {
    const ranges = new Map(
        (await getNodes(instance)).map((n) => [n.metadata.name, n.spec.podCIDR]),
    );
    const pending: string[] = [];
    for (const node of nodes) {
        const range = ranges.get(node.name);
        if (!range) pending.push(node.name);
        else await ip([`route replace ${range} via ${node.ip} dev ${instance.bridge}`]);
    }
    return pending;
}

/** Names of links and network namespaces of the instance that exist. */
export async function networkRemains(instance: Instance): Promise<string[]> {
    const { bridge } = instance;
    const mine = (name: string) => name === bridge || name.startsWith(`${bridge}-`);
    const links = (await run("ls", ["/sys/class/net"])).split("\n").filter(mine);
    const spaces = (await run("ip", ["netns", "list"])).split("\n").map((l) => l.split(" ")[0]!);
    return [
        ...links.map((name) => `network interface ${name}`),
        ...spaces.filter(mine).map((name) => `network namespace ${name}`),
    ];
}
