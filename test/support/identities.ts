/** Entries of Cilium's identities, which its operator writes. */
import {
    type Cluster,
    poll,
    SpireServer,
    type SpireServerRef,
} from "@cilium-spire/entries-provider";
import { ciliumIdentities } from "../../doctor/identities";

const DEADLINE_MS = 600_000;

/**
 * Waits until every identity has its entry. An operator that nobody restarts tries again, for what it could not write, after as
 * long as it has tried.
 */
export async function waitUntilRegistered(
    cluster: Cluster,
    { trustDomain, spireServer }: { trustDomain: string; spireServer: SpireServerRef },
): Promise<void> {
    await poll(DEADLINE_MS, "entries of all identities", async () => {
        const server = await SpireServer.find(cluster, spireServer, 60_000);
        const ids = new Set(((await server?.entries()) ?? []).map(({ spiffeId }) => spiffeId));
        const missing = (await ciliumIdentities(cluster)).filter(
            (identity) => !ids.has(`spiffe://${trustDomain}/identity/${identity}`),
        );
        return missing.length > 0 ? { waitingFor: missing.join(", ") } : { done: true };
    });
}
