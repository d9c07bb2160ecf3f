import { join } from "node:path";
import { stateRoot } from "./paths";

/** The cluster's name, as in the kind configuration of docs/own-cluster.md; node names derive from it. */
export const CLUSTER = "precinct-99";

/** How many nodes one instance can have (limited by choice: they share one machine). */
export const MAX_NODES = 9;

/** Service range, the same in all instances: the host has no route to it. */
export const SERVICE_CIDR = "10.96.0.0/16";
export const DNS_SERVICE_IP = "10.96.0.10";

/** A node of an instance. All values follow from the instance's number and the node's index. */
export interface Node {
    /** 1 is the control plane, 2 the first worker. */
    index: number;
    name: string;
    ip: string;
    /** Network namespace, and the host's end of its cable. */
    netns: string;
    /** Its cgroup below the instance's, in every hierarchy. */
    cgroup: string;
    /** Its disk and logs. */
    dir: string;
}

/**
 * One cluster on this machine. Everything that must not collide between instances is derived from the
 * number: addresses, ports, interface and cgroup names, the state directory.
 */
export interface Instance {
    number: number;
    stateDir: string;
    /** Administrator's kubeconfig; usable by any kubectl on this machine. */
    kubeconfig: string;
    /** Bridge, and prefix of network namespace and cable names (at most 15 characters). */
    bridge: string;
    cgroup: string;
    /** Address of the bridge, where the API server answers. */
    apiAddress: string;
    apiPort: number;
    subnetPrefix: number;
    podCidr: string;
    /** Ports on loopback. */
    ports: { etcdClient: number; etcdPeer: number; controllerManager: number; scheduler: number };
}

/**
 * @param number 0 to 9; the default is `CILIUM_SPIRE_SANDBOX`, or 0.
 * @throws Error for any other value.
 */
export function instance(
    number: number | string = process.env.CILIUM_SPIRE_SANDBOX || 0,
): Instance {
    if (!/^[0-9]$/.test(String(number))) {
        throw new Error(`instance "${number}" is not a number from 0 to 9 (see --instance)`);
    }
    const n = Number(number);
    const stateDir = join(stateRoot, `sandbox-${n}`);
    const port = 12300 + 10 * n;
    return {
        number: n,
        stateDir,
        kubeconfig: join(stateDir, "kubeconfig"),
        bridge: `cspire${n}`,
        cgroup: `cspire${n}`,
        apiAddress: `10.89.${n}.1`,
        apiPort: 6443,
        subnetPrefix: 24,
        podCidr: `10.${240 + n}.0.0/16`,
        ports: {
            etcdClient: port,
            etcdPeer: port + 1,
            controllerManager: port + 2,
            scheduler: port + 3,
        },
    };
}

/** The node with this index, named as kind would name it. */
export function node(instance: Instance, index: number): Node {
    if (!Number.isInteger(index) || index < 1 || index > MAX_NODES) {
        throw new Error(`node index ${index} is not between 1 and ${MAX_NODES}`);
    }
    const role = index === 1 ? "control-plane" : index === 2 ? "worker" : `worker${index - 1}`;
    const name = `${CLUSTER}-${role}`;
    return {
        index,
        name,
        ip: `10.89.${instance.number}.${10 + index}`,
        netns: `${instance.bridge}-${index}`,
        cgroup: `${instance.cgroup}/node-${index}`,
        dir: join(instance.stateDir, "nodes", name),
    };
}

/**
 * The node with this name.
 *
 * @throws Error that lists the names when it is none of them.
 */
export function nodeNamed(instance: Instance, name: string): Node {
    const all = Array.from({ length: MAX_NODES }, (_, i) => node(instance, i + 1));
    const found = all.find((n) => n.name === name);
    if (!found) {
        throw new Error(
            `no node can have the name "${name}"; names: ${all.map((n) => n.name).join(", ")}`,
        );
    }
    return found;
}
