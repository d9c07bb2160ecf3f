/** Losing what a SPIRE server has, and what can be seen of it. */
import assert from "node:assert/strict";
import type { Entry } from "@cilium-spire/entries-provider";
import { owns } from "@cilium-spire/entries-provider";
import { spireCommand } from "./spireCommand";
import { kubectl, ourEntries, PREFIX, spireServer, type World } from "./world";

/** Entries, CA, agents: all of it. The server comes back with an empty volume. */
export async function loseVolume(state: World): Promise<void> {
    await stopServer();
    await kubectl("-n spire-system delete pvc data-spire-server-0");
    await kubectl("-n spire-system scale statefulset/spire-server --replicas=1");
    const entries = await (await spireServer(state)).entries();
    assert.deepEqual(
        entries.filter((entry) => !isIdentity(state, entry)),
        [],
    );
}

/** Until its one pod is gone. */
export async function stopServer(): Promise<void> {
    await kubectl("-n spire-system scale statefulset/spire-server --replicas=0");
    await kubectl("-n spire-system wait --for=delete pod/spire-server-0 --timeout=120s");
}

/** Until its one pod is Ready. */
export async function startServer(): Promise<void> {
    await kubectl("-n spire-system scale statefulset/spire-server --replicas=1");
    await kubectl("-n spire-system rollout status statefulset/spire-server --timeout=180s");
}

/** Entries of neither the stack nor cilium-operator, sorted. */
export async function entriesOfOthers(state: World): Promise<Entry[]> {
    assert.ok((await ourEntries(state)).length > 0);
    const all = await (await spireServer(state)).entries();
    return byId(all.filter((entry) => !owns(PREFIX, entry) && !isIdentity(state, entry)));
}

export const byId = (entries: Entry[]) => [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));

function isIdentity({ outputs }: World, { spiffeId }: Entry): boolean {
    return spiffeId.startsWith(`spiffe://${outputs.trustDomain}/identity/`);
}

/** Runs the server's own command line in its pod; throws when it fails. */
export async function inServer(state: World, args: string[], stdin?: string): Promise<string> {
    const { namespace, container } = state.outputs.spireServer;
    const pod = { namespace, container, pod: "spire-server-0" };
    return await spireCommand(state.cluster, pod, args, stdin);
}
