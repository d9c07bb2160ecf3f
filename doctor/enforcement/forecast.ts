/** What would become of connections if pods asked their clients to authenticate, as plain data. */
import { isOfAddresses, isOfPods } from "../identities";
import type { Connection } from "./connections";

/** A pod as Cilium knows it. */
export interface Endpoint {
    namespace: string;
    name: string;
    identity: number;
    /** Undefined where its node is unknown. */
    node?: string | undefined;
}

/** What is known of a cluster. */
export interface Knowledge {
    /** Namespace whose pods would ask. */
    namespace: string;
    /** By address. */
    endpoints: ReadonlyMap<string, Endpoint>;
    /** Identities with a registration entry. */
    registered: ReadonlySet<number>;
    /** Nodes whose agents get identities from SPIRE. */
    servedNodes: ReadonlySet<string>;
    /** What an identity stands for. */
    nameOf: (identity: number) => string;
}

export type Verdict = "passes" | "exempt" | "refused";

/** All connections between two identities at one port. */
export interface Forecast {
    verdict: Verdict;
    from: { identity: number; name: string };
    to: { identity: number; name: string };
    port: number;
    protocol: string;
    why: string;
}

/** Reserved identities (cilium pkg/identity/numericidentity.go). */
const RESERVED: Record<number, string> = {
    0: "unknown",
    1: "host",
    2: "world",
    3: "unmanaged",
    4: "health",
    5: "init",
    6: "remote-node",
    7: "kube-apiserver",
    8: "ingress",
    9: "world-ipv4",
    10: "world-ipv6",
};
const HOST = 1;
/** Forecasts of the connections to pods of the namespace, those that would be refused first. */
export function forecast(connections: readonly Connection[], of: Knowledge): Forecast[] {
    const found = new Map<string, Forecast>();
    for (const connection of connections) {
        const server = of.endpoints.get(connection.to);
        if (server?.namespace !== of.namespace) continue;
        const { identity, port, protocol } = connection;
        const client = of.endpoints.get(connection.from);
        const judged: Forecast = {
            ...judge(identity, client, server, of),
            from: { identity, name: clientName(connection, of) },
            to: { identity: server.identity, name: of.nameOf(server.identity) },
            port,
            protocol,
        };
        const key = [identity, server.identity, port, protocol].join(" ");
        const before = found.get(key);
        // Of several pods of one identity, the one that would be refused counts.
        if (!before || before.verdict !== "refused") found.set(key, judged);
    }
    const order: Verdict[] = ["refused", "passes", "exempt"];
    return [...found.values()].sort(
        (a, b) =>
            order.indexOf(a.verdict) - order.indexOf(b.verdict) ||
            a.from.name.localeCompare(b.from.name) ||
            a.to.name.localeCompare(b.to.name) ||
            a.port - b.port,
    );
}

function clientName({ identity, from }: Connection, { nameOf }: Knowledge): string {
    return RESERVED[identity] ?? (isOfPods(identity) ? nameOf(identity) : from);
}

function judge(
    identity: number,
    client: Endpoint | undefined,
    server: Endpoint,
    { registered, servedNodes }: Knowledge,
): Pick<Forecast, "verdict" | "why"> {
    if (identity === HOST) {
        return { verdict: "exempt", why: "the pod's own node, such as the kubelet's probes" };
    }
    if (!isOfPods(identity)) {
        const what = isOfAddresses(identity)
            ? "an address outside the cluster"
            : "a reserved identity";
        const why = `${what}, which can never authenticate; name it in a rule without authentication`;
        return { verdict: "refused", why };
    }
    const parties = [
        { whose: "its", id: identity, node: client?.node },
        { whose: "the server's", id: server.identity, node: server.node },
    ];
    for (const { whose, id, node } of parties) {
        if (!registered.has(id)) {
            return { verdict: "refused", why: `${whose} identity ${id} has no registration entry` };
        }
        if (node !== undefined && !servedNodes.has(node)) {
            return {
                verdict: "refused",
                why: `${whose} node ${node} gets no identities from SPIRE`,
            };
        }
    }
    return { verdict: "passes", why: "both sides are registered" };
}
