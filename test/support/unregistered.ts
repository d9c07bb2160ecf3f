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
    // Agents say nothing of an SVID that goes before it came.
    await saidByAll(state, ids, "Adding newly discovered X509-SVID");
    assert.deepEqual(await server.delete(entries.map(({ id }) => id)), []);
    // A pair that shakes hands between the first agent and the last stays authenticated for as long as the SVID would have been valid.
    await saidByAll(state, ids, "X509-SVID has been deleted");
    return entries;
}

/** Waits until every Cilium agent has said something of the SVIDs of all these identities, which are new. */
async function saidByAll(state: World, ids: string[], what: string): Promise<void> {
    const agents = ["-l", "k8s-app=cilium", "-c", "cilium-agent", "--tail=-1"];
    const all = ids.length * nodeNames(state).length;
    await poll(60_000, `word of the agents: "${what}"`, async () => {
        const log = await kubectl(["-n", "kube-system", "logs", ...agents]);
        const said = log.split("\n").filter((line) => {
            const id = line.includes(what) && /=(spiffe:\S+)/.exec(line)?.[1];
            return id !== false && id !== undefined && ids.includes(id);
        });
        const waitingFor = `${said.length} of ${all}`;
        return said.length >= all ? { done: true } : { waitingFor };
    });
}
