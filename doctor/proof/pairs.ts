/** Cilium's own record of the pairs that a proof made authenticate. */
import { type Cluster, poll } from "@cilium-spire/entries-provider";
import type { Evidence } from "./evidence";
import { authMap, type AuthMapEntry, type ScenePod } from "./pods";

/** `authType` of SPIRE in Cilium's auth map (cilium pkg/policy, AuthTypeSpire). */
export const AUTH_TYPE_SPIRE = 1;

/**
 * How long is looked for a pair whose packets have passed. An agent that has just started also removes entries whose
 * identity or node it has not been told of yet (cilium pkg/auth/authmap_gc.go); the next packet authenticates anew.
 */
const RECORDED_MS = 20_000;

/** The pods between which packets pass. */
export interface Actors {
    server: ScenePod;
    clients: ScenePod[];
}

/**
 * Looks for each client in Cilium's map of authenticated pairs, on the node of the destination.
 *
 * @param connect makes a pod connect to the server anew.
 * @param withinMs how long is looked; 0 looks once.
 * @throws Error that has the whole map, when one is not there at the deadline.
 */
export async function recordedPairs(
    cluster: Cluster,
    { server, clients }: Actors,
    connect: (client: ScenePod) => Promise<unknown>,
    withinMs = RECORDED_MS,
): Promise<Evidence> {
    const pair = (client: ScenePod) => `${client.identity} with ${server.identity}`;
    await poll(withinMs, `record of the pairs in the auth map of ${server.node}`, async () => {
        const map = await authMap(cluster, server.node);
        const missing = clients.filter((client) => !map.some((e) => isOf(e, client, server)));
        if (missing.length === 0) return { done: true };
        await Promise.all(missing.map(connect));
        const names = missing.map((client) => `${client.name} (${pair(client)})`);
        return {
            waitingFor: `${names.join(" and ")} by ${server.name} not authenticated by SPIRE in ${JSON.stringify(map)}`,
        };
    });
    return {
        what: "Cilium has the pairs of identities in its auth map, authenticated by SPIRE",
        seen: clients.map(pair).join(", "),
    };
}

function isOf(entry: AuthMapEntry, client: ScenePod, server: ScenePod): boolean {
    return (
        entry.LocalIdentity === server.identity &&
        entry.RemoteIdentity === client.identity &&
        (entry.RemoteNodeID === 0) === (client.node === server.node) &&
        entry.AuthType === AUTH_TYPE_SPIRE &&
        Date.parse(entry.Expiration) > Date.now()
    );
}
