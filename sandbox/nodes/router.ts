/**
 * Ways between the networks of two instances: a router in a network namespace of its own, with a cable to each bridge. The
 * machine forwards nothing itself.
 */
import { instance, MAX_NODES, node, type Instance, type Node } from "../host/instance";
import { run } from "../host/shell";
import { ip, linkExists, netnsExists } from "./network";

/** Of the router in each instance's network, beside those of bridge and nodes. */
const ROUTER = 254;
const INSTANCES = 10;

/**
 * Lets the nodes of two instances reach each other by their addresses, and so the Services of type NodePort. Pods have none
 * outside of their cluster: their node's stands for them. Nodes that join later are left out until this is done again.
 *
 * @throws Error when one of them is not up.
 */
export async function joinNetworks(one: Instance, other: Instance): Promise<void> {
    if (one.number === other.number) throw new Error(`sandbox ${one.number} is one network`);
    for (const { bridge, number } of [one, other]) {
        if (!linkExists(bridge)) throw new Error(`sandbox ${number} is not up: run \`up\` first`);
    }
    await removeRouter(one, other);
    const name = routerBetween(one, other);
    await ip([`netns add ${name}`]);
    await connect(name, one, other);
    await connect(name, other, one);
    // Of the namespace of whoever writes it.
    const forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
    await run("nsenter", [`--net=/run/netns/${name}`, "sh", "-c", forward]);
    for (const [here, there] of [
        [one, other],
        [other, one],
    ] as const) {
        for (const { netns } of nodesOf(here)) {
            await ip([`route replace ${rangeOf(there)} via ${routerIn(here)}`], netns);
        }
    }
}

/** Takes away all routers of the instance, and the other instances' routes to it. */
export async function removeRouters(gone: Instance): Promise<void> {
    for (let number = 0; number < INSTANCES; number++) {
        const other = instance(number);
        if (!netnsExists(routerBetween(gone, other))) continue;
        for (const { netns } of nodesOf(other)) {
            await ip([`route flush ${rangeOf(gone)}`], netns);
        }
        await removeRouter(gone, other);
    }
}

async function removeRouter(one: Instance, other: Instance): Promise<void> {
    // Before the namespace, which takes them along in its own time.
    for (const end of [cable(one, other), cable(other, one)]) {
        if (linkExists(end)) await ip([`link delete ${end}`]);
    }
    const name = routerBetween(one, other);
    if (netnsExists(name)) await ip([`netns delete ${name}`]);
}

/** A cable from the router to the bridge of one side. */
async function connect(router: string, here: Instance, there: Instance): Promise<void> {
    const end = cable(here, there);
    const inside = `to-${here.number}`;
    await ip([
        `link add ${end} type veth peer name ${inside} netns ${router}`,
        `link set ${end} master ${here.bridge} up`,
    ]);
    await ip(
        [
            `address add ${routerIn(here)}/${here.subnetPrefix} dev ${inside}`,
            `link set ${inside} up`,
        ],
        router,
    );
}

/** The end at the bridge, named for where it leads. */
function cable(here: Instance, there: Instance): string {
    return `${here.bridge}-to-${there.number}`;
}

function routerBetween(one: Instance, other: Instance): string {
    const [low, high] = [one.number, other.number].sort((a, b) => a - b);
    return `cspire${low!}-and-${high!}`;
}

function routerIn({ apiAddress }: Instance): string {
    return apiAddress.replace(/\d+$/, String(ROUTER));
}

function rangeOf({ apiAddress, subnetPrefix }: Instance): string {
    return `${apiAddress.replace(/\d+$/, "0")}/${subnetPrefix}`;
}

/** Those that run. */
function nodesOf(of: Instance): Node[] {
    const all = Array.from({ length: MAX_NODES }, (_, i) => node(of, i + 1));
    return all.filter(({ netns }) => netnsExists(netns));
}
