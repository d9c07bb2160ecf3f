/** Who connects to the pods of a namespace, and who of them would be refused if they had to authenticate. */
import { setTimeout } from "node:timers/promises";
import type { Cluster, List } from "@cilium-spire/entries-provider";
import { ACCOUNT_LABEL, NAMESPACE_LABEL } from "../../components/cilium/authPolicySpec";
import { neededFor } from "../checks/policies";
import { type Identity, labelledIdentities } from "../identities";
import type { Patient } from "../patient";
import { type Connection, connectionsAt } from "./connections";
import { type Endpoint, forecast, type Forecast } from "./forecast";

/** Often enough: Cilium keeps a connection that has ended for ten seconds (bpf-ct-timeout-regular-tcp-fin). */
const PAUSE_MS = 4_000;
/** By what people know workloads. */
const NAME_LABELS = ["k8s:app", "k8s:app.kubernetes.io/name", "k8s:k8s-app", ACCOUNT_LABEL];

export interface Observation {
    namespace: string;
    /** How long was looked. */
    seconds: number;
    /** Pods that were looked at. */
    pods: number;
    /** What is in it that identities themselves need: it must not require authentication at all. */
    never: string[];
    forecasts: Forecast[];
}

/**
 * Looks at the connections to a namespace for a while. Changes nothing.
 *
 * @param seconds how long; a connection that is open, or ended less than ten seconds ago, is seen also with 0.
 * @throws Error when the namespace has no pods that Cilium knows, or the SPIRE server cannot be asked.
 */
export async function observe(
    patient: Patient,
    { namespace, seconds }: { namespace: string; seconds: number },
): Promise<Observation> {
    const { cluster } = patient;
    // What would fail in the end, fails at once.
    await patient.spireServer();
    const [nodes, agents] = await Promise.all([nodesByAddress(cluster), patient.ciliumPods()]);
    const endpoints = new Map<string, Endpoint>();
    const connections = new Map<string, Connection>();
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        for (const [address, endpoint] of await endpointsOf(cluster, nodes)) {
            endpoints.set(address, endpoint);
        }
        const nodesOfPods = podsOf(endpoints, namespace).map(({ node }) => node);
        const asked = agents.filter(({ spec }) => nodesOfPods.includes(spec?.nodeName));
        const each = asked.map((agent) => connectionsAt(patient, agent));
        for (const connection of (await Promise.all(each)).flat()) {
            const ours = endpoints.get(connection.to)?.namespace === namespace;
            if (ours) connections.set(JSON.stringify(connection), connection);
        }
        const leftMs = deadline - Date.now();
        if (leftMs <= 0) break;
        await setTimeout(Math.min(PAUSE_MS, leftMs));
    }
    const pods = podsOf(endpoints, namespace);
    if (pods.length === 0) {
        throw new Error(
            `namespace "${namespace}" has no pods that Cilium knows; pods on the node's network are not among them`,
        );
    }
    const identities = await labelledIdentities(cluster);
    const labels = new Map(identities.map((identity) => [identity.id, identity]));
    const { present } = await patient.rollCall();
    return {
        namespace,
        seconds,
        pods: pods.length,
        never: neverOf(patient, namespace, identities),
        forecasts: forecast([...connections.values()], {
            namespace,
            endpoints,
            registered: registeredIn(await patient.liveEntries(), patient.site.trustDomain),
            servedNodes: new Set(present.map(({ name }) => name)),
            nameOf: (id) => nameOf(labels.get(id)),
        }),
    };
}

function podsOf(endpoints: ReadonlyMap<string, Endpoint>, namespace: string): Endpoint[] {
    const pods = [...endpoints.values()].filter((endpoint) => endpoint.namespace === namespace);
    return [...new Map(pods.map((pod) => [pod.name, pod])).values()];
}

/** The numbers of `/identity/NUMBER`, of all entries. */
function registeredIn(entries: { spiffeId: string }[], trustDomain: string): Set<number> {
    const prefix = `spiffe://${trustDomain}/identity/`;
    const ids = entries.map(({ spiffeId }) => spiffeId).filter((id) => id.startsWith(prefix));
    return new Set(ids.map((id) => Number(id.slice(prefix.length))));
}

function nameOf(identity: Identity | undefined): string {
    if (!identity) return "an identity that is gone";
    const { labels } = identity;
    const name = NAME_LABELS.map((label) => labels[label]).find((value) => value !== undefined);
    return `${labels[NAMESPACE_LABEL] ?? "?"}/${name ?? "?"}`;
}

/** What must work before anything has an identity, and is in the namespace. */
function neverOf(patient: Patient, namespace: string, identities: Identity[]): string[] {
    const { server, agents, namespace: ofCilium } = patient.site;
    const needed = identities
        .filter(({ labels }) => labels[NAMESPACE_LABEL] === namespace)
        .flatMap(({ labels }) => neededFor(patient, labels) ?? []);
    return [
        ...new Set([
            ...(namespace === ofCilium ? ["Cilium"] : []),
            ...([server?.namespace, agents?.namespace].includes(namespace) ? ["SPIRE"] : []),
            ...needed,
        ]),
    ];
}

async function nodesByAddress(cluster: Cluster): Promise<Map<string, string>> {
    const nodes = await cluster.list((page) => cluster.core.listNode(page));
    return new Map(
        nodes.flatMap(({ metadata, status }) =>
            (status?.addresses ?? []).map(({ address }) => [address, metadata!.name!] as const),
        ),
    );
}

/** All pods that have a network of their own, by their addresses. */
async function endpointsOf(
    cluster: Cluster,
    nodes: ReadonlyMap<string, string>,
): Promise<[string, Endpoint][]> {
    interface Item {
        metadata: { name: string; namespace: string };
        status?: {
            identity?: { id: number };
            networking?: { addressing?: { ipv4?: string; ipv6?: string }[]; node?: string };
        };
    }
    const resource = { group: "cilium.io", version: "v2", plural: "ciliumendpoints" };
    const pods = await cluster.list((page): Promise<List<Item>> =>
        cluster.custom.listClusterCustomObject({ ...resource, ...page }),
    );
    return pods.flatMap(({ metadata: { name, namespace }, status }) => {
        const { identity, networking } = status ?? {};
        if (!identity) return [];
        const node = networking?.node === undefined ? undefined : nodes.get(networking.node);
        const endpoint: Endpoint = { namespace, name, identity: identity.id, node };
        const addresses = (networking?.addressing ?? []).flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
        return addresses.flatMap((address) =>
            address === undefined ? [] : [[address, endpoint] as [string, Endpoint]],
        );
    });
}
