/** Pods as Cilium knows them, and what is known of whether they can authenticate. */
import type { Cluster, List } from "@cilium-spire/entries-provider";
import { ACCOUNT_LABEL, NAMESPACE_LABEL } from "../../components/cilium/authPolicySpec";
import { type Identity, identityOf, isOfPods, labelledIdentities, RESERVED } from "../identities";
import type { Patient } from "../patient";

/** A pod that has a network of its own. */
export interface Endpoint {
    namespace: string;
    name: string;
    identity: number;
    /** Of the identity, with their sources: `k8s:app`. */
    labels: Record<string, string>;
    /** Undefined where its node is unknown. */
    node?: string | undefined;
    /** Numbers of its ports that have a name. */
    namedPorts: Record<string, number>;
}

/** What an identity stands for; an address where it stands for none inside the cluster. */
export type NameOf = (identity: number, address: string) => string;

/** What an identity is and can. */
export interface Knowledge {
    /** Identities with a registration entry. */
    registered: ReadonlySet<number>;
    /** Nodes whose agents get identities from SPIRE. */
    servedNodes: ReadonlySet<string>;
    /** Labels of an identity of pods, with their sources; none for one that is gone. */
    labelsOf: (identity: number) => Record<string, string>;
    nameOf: NameOf;
}

/** By what people know workloads. */
export const NAME_LABELS = ["k8s:app", "k8s:app.kubernetes.io/name", "k8s:k8s-app", ACCOUNT_LABEL];

/** All pods that have a network of their own, by their addresses. */
export async function endpointsByAddress(cluster: Cluster): Promise<Map<string, Endpoint>> {
    interface Item {
        metadata: { name: string; namespace: string };
        status?: {
            identity?: { id: number; labels?: string[] };
            "named-ports"?: { name: string; port: number }[];
            networking?: { addressing?: { ipv4?: string; ipv6?: string }[]; node?: string };
        };
    }
    const resource = { group: "cilium.io", version: "v2", plural: "ciliumendpoints" };
    const [nodes, items] = await Promise.all([
        nodesByAddress(cluster),
        cluster.list((page): Promise<List<Item>> =>
            cluster.custom.listClusterCustomObject({ ...resource, ...page }),
        ),
    ]);
    const found = items.flatMap(({ metadata: { name, namespace }, status = {} }) => {
        const { identity, networking, "named-ports": ports = [] } = status;
        if (!identity) return [];
        const node = networking?.node === undefined ? undefined : nodes.get(networking.node);
        const namedPorts = Object.fromEntries(ports.map(({ name, port }) => [name, port]));
        const labels = Object.fromEntries((identity.labels ?? []).map(keyAndValue));
        const endpoint = { namespace, name, identity: identity.id, labels, node, namedPorts };
        const addresses = (networking?.addressing ?? []).flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
        return addresses.flatMap((address) =>
            address === undefined ? [] : [[address, endpoint] as const],
        );
    });
    return new Map(found);
}

/** @throws LeftOut when the SPIRE server cannot be asked. */
export async function knowledgeOf(patient: Patient, identities: Identity[]): Promise<Knowledge> {
    const labels = labelsById(identities);
    const { present } = await patient.rollCall();
    const entries = await patient.liveEntries();
    const { trustDomain } = patient.site;
    return {
        registered: new Set(
            entries.flatMap(({ spiffeId }) => identityOf(spiffeId, trustDomain) ?? []),
        ),
        servedNodes: new Set(present.map(({ name }) => name)),
        labelsOf: (id) => labels.get(id) ?? {},
        nameOf: namesBy(labels),
    };
}

/** Names of the identities that there are now. */
export async function currentNames(cluster: Cluster): Promise<NameOf> {
    return namesBy(labelsById(await labelledIdentities(cluster)));
}

type LabelsById = ReadonlyMap<number, Record<string, string>>;

function labelsById(identities: Identity[]): LabelsById {
    return new Map(identities.map(({ id, labels }) => [id, labels]));
}

function namesBy(labels: LabelsById): NameOf {
    return (id, address) => RESERVED[id] ?? (isOfPods(id) ? nameByLabels(labels.get(id)) : address);
}

/** `k8s:app=web`; a value may have more of them. */
function keyAndValue(label: string): [string, string] {
    const [key = "", ...value] = label.split("=");
    return [key, value.join("=")];
}

function nameByLabels(labels: Record<string, string> | undefined): string {
    if (!labels) return "an identity that is gone";
    const name = NAME_LABELS.map((label) => labels[label]).find((value) => value !== undefined);
    return `${labels[NAMESPACE_LABEL] ?? "?"}/${name ?? "?"}`;
}

async function nodesByAddress(cluster: Cluster): Promise<Map<string, string>> {
    const nodes = await cluster.list((page) => cluster.core.listNode(page));
    return new Map(
        nodes.flatMap(({ metadata, status }) =>
            (status?.addresses ?? []).map(({ address }) => [address, metadata!.name!] as const),
        ),
    );
}
