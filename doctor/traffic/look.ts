/** Looking at the connections to some pods for a while. */
import { setTimeout } from "node:timers/promises";
import { type Cluster, isReady, type V1Pod } from "@cilium-spire/entries-provider";
import { CILIUM } from "../../components/names";
import { LeftOut } from "../leftOut";
import type { Patient } from "../patient";
import { type Connection, connectionsAt } from "./connections";
import { type Endpoint, endpointsByAddress } from "./endpoints";

/** Often enough: Cilium keeps a connection that has ended for ten seconds (bpf-ct-timeout-regular-tcp-fin). */
const PAUSE_MS = 4_000;

/** What was seen of pods. */
export interface Sight {
    /** All pods, by address; those that have gone meanwhile too. */
    endpoints: Map<string, Endpoint>;
    /** Connections to the pods that were looked at. */
    connections: Connection[];
    /** How many pods were looked at. */
    pods: number;
}

/**
 * Looks at the connections to pods. Changes nothing.
 *
 * @param isLookedAt says which pods.
 * @param seconds how long; a connection that is open, or ended less than ten seconds ago, is seen also with 0.
 * @throws LeftOut when a Cilium agent of a node with such pods cannot be asked.
 */
export async function look(
    patient: Patient,
    isLookedAt: (pod: Endpoint) => boolean,
    seconds: number,
): Promise<Sight> {
    const endpoints = new Map<string, Endpoint>();
    const connections = new Map<string, Connection>();
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        for (const [address, pod] of await endpointsByAddress(patient.cluster)) {
            endpoints.set(address, pod);
        }
        const agents = await agentsBeside(patient, [...endpoints.values()].filter(isLookedAt));
        const each = agents.map((agent) => connectionsAt(patient, agent));
        for (const connection of (await Promise.all(each)).flat()) {
            const server = endpoints.get(connection.to);
            if (server && isLookedAt(server)) {
                connections.set(JSON.stringify(connection), connection);
            }
        }
        const leftMs = deadline - Date.now();
        if (leftMs <= 0) break;
        await setTimeout(Math.min(PAUSE_MS, leftMs));
    }
    const names = [...endpoints.values()]
        .filter(isLookedAt)
        .map(({ namespace, name }) => `${namespace}/${name}`);
    return { endpoints, connections: [...connections.values()], pods: new Set(names).size };
}

/**
 * The Cilium agents of the nodes of pods, as they are now.
 *
 * @throws LeftOut when one is not Ready: what passes there could not be seen.
 */
export async function agentsBeside(
    { cluster, site }: Patient,
    pods: readonly Endpoint[],
): Promise<V1Pod[]> {
    const nodes = [...new Set(pods.flatMap(({ node }) => node ?? []))];
    const ready = (await ciliumPods(cluster, site.namespace)).filter(isReady);
    return nodes.map((node) => {
        const agent = ready.find(({ spec }) => spec?.nodeName === node);
        if (agent) return agent;
        throw new LeftOut(`no pod of Cilium's agents is Ready on node ${node}`);
    });
}

async function ciliumPods(cluster: Cluster, namespace: string): Promise<V1Pod[]> {
    const labelSelector = CILIUM.agentSelector;
    return await cluster.list((page) =>
        cluster.core.listNamespacedPod({ namespace, labelSelector, ...page }),
    );
}
