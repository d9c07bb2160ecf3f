/** Pods whose identities SPIRE does not know. */
import assert from "node:assert/strict";
import { type Entry, poll } from "@cilium-spire/entries-provider";
import { kubectl, type PolicyCast } from "./policyCast";
import { nodeNames, spireServer, type World } from "./world";

/** Removes the entries that Cilium's operator wrote for pods that have to be without. @returns what was removed. */
export async function unregister(state: World, cast: PolicyCast): Promise<Entry[]> {
    const keys = Object.entries(cast.pods).filter(([, { registered }]) => registered === false);
    const ids = keys.map(
        ([key]) => `spiffe://${state.outputs.trustDomain}/identity/${cast.identity(key)!}`,
    );
    const server = await spireServer(state);
    const entries = await poll<Entry[]>(60_000, "entries of the operator", async () => {
        const found = (await server.entries()).filter(({ spiffeId }) => ids.includes(spiffeId));
        const waitingFor = `${found.length} of ${ids.length} are there`;
        return found.length === ids.length ? { done: found } : { waitingFor };
    });
    const since = new Date().toISOString();
    assert.deepEqual(await server.delete(entries.map(({ id }) => id)), []);
    await svidsDropped(state, ids, since);
    return entries;
}

/**
 * Waits until every agent has dropped these SVIDs. A pair that shakes hands between the first agent and the last stays
 * authenticated for as long as the SVID would have been valid.
 */
async function svidsDropped(state: World, ids: string[], since: string): Promise<void> {
    const agents = ["-l", "k8s-app=cilium", "-c", "cilium-agent", "--tail=-1"];
    const all = ids.length * nodeNames(state).length;
    await poll(60_000, "word of the agents that they have dropped the SVIDs", async () => {
        const log = await kubectl(["-n", "kube-system", "logs", ...agents, "--since-time", since]);
        const dropped = log.split("\n").filter((line) => {
            const id = /X509-SVID has been deleted.*=(spiffe:\S+)/.exec(line)?.[1];
            return id !== undefined && ids.includes(id);
        });
        const waitingFor = `${dropped.length} of ${all} are dropped`;
        return dropped.length === all ? { done: true } : { waitingFor };
    });
}
