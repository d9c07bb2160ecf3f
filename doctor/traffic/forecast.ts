/** What would become of connections if pods asked their clients to authenticate, as plain data. */
import { isOfAddresses, isOfPods } from "../identities";
import type { Connection } from "./connections";
import type { Endpoint, Knowledge } from "./endpoints";

/**
 * What pods ask of a connection: to authenticate; nothing; to stay away, since no rule names its client; or what another policy
 * asks, by which it comes in.
 */
export type Demand = "authenticate" | "nothing" | "unnamed" | "as before";

/** Pods, and what would be asked of who connects to them. */
export interface Scenario extends Knowledge {
    /** By address. */
    endpoints: ReadonlyMap<string, Endpoint>;
    /** Undefined for pods that are not looked at. */
    demandOn: (connection: Connection, server: Endpoint) => Demand | undefined;
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

const HOST = 1;

/** Forecasts of the connections to pods that are looked at, those that would be refused first. */
export function forecast(connections: readonly Connection[], scenario: Scenario): Forecast[] {
    const found = new Map<string, Forecast>();
    for (const connection of connections) {
        const server = scenario.endpoints.get(connection.to);
        const demand = server && scenario.demandOn(connection, server);
        if (!server || !demand) continue;
        const { identity, port, protocol, from, to } = connection;
        const judged: Forecast = {
            ...judge(demand, connection, server, scenario),
            from: { identity, name: scenario.nameOf(identity, from) },
            to: { identity: server.identity, name: scenario.nameOf(server.identity, to) },
            port,
            protocol,
        };
        const key = [identity, server.identity, port, protocol].join(" ");
        const before = found.get(key);
        // Of several pods of one identity, the one that would be refused counts.
        if (before?.verdict !== "refused") found.set(key, judged);
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

function judge(
    demand: Demand,
    { identity, from }: Connection,
    server: Endpoint,
    { endpoints, registered, servedNodes }: Scenario,
): Pick<Forecast, "verdict" | "why"> {
    if (identity === HOST) {
        return { verdict: "exempt", why: "the pod's own node, such as the kubelet's probes" };
    }
    if (demand === "nothing") {
        return { verdict: "exempt", why: "the policy does not ask it to authenticate" };
    }
    if (demand === "as before") {
        return { verdict: "exempt", why: "no rule of the policy names it; another lets it in" };
    }
    if (demand === "unnamed") {
        return { verdict: "refused", why: "no rule of the policy names it" };
    }
    if (!isOfPods(identity)) {
        const what = isOfAddresses(identity)
            ? "an address outside the cluster"
            : "a reserved identity";
        const why = `${what}, which can never authenticate; name it in a rule without authentication`;
        return { verdict: "refused", why };
    }
    const parties = [
        { whose: "its", id: identity, node: endpoints.get(from)?.node },
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
