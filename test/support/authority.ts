/** The keys with which a SPIRE server signs, changed by hand: `spire-server localauthority`. */
import { poll } from "@cilium-spire/entries-provider";
import type { World } from "../e2e/world";
import { spireCommand } from "./trustDomain";

/** What they sign. */
export type Kind = "x509" | "jwt";

/** The IDs of a server's authorities, as `show` has them. */
export interface Authorities {
    active?: string;
    prepared?: string;
    old?: string;
}

/** Runs a verb in the pod of the only server. */
export async function localAuthority(
    { cluster, outputs }: World,
    kind: Kind,
    verb: "activate" | "prepare" | "revoke" | "show" | "taint",
    id?: string,
): Promise<Record<string, { authority_id?: string } | null>> {
    const { namespace, container } = outputs.spireServer;
    const pod = { namespace, container, pod: "spire-server-0" };
    const which = id === undefined ? [] : ["-authorityID", id];
    const args = ["localauthority", kind, verb, ...which, "-output", "json"];
    return JSON.parse(await spireCommand(cluster, pod, args)) as Record<string, object | null>;
}

export async function authorities(world: World, kind: Kind): Promise<Authorities> {
    const shown = Object.entries(await localAuthority(world, kind, "show"));
    const ids = shown.map(([state, authority]) => [state, authority?.authority_id]);
    return Object.fromEntries(ids.filter(([, id]) => id)) as Authorities;
}

/** Waits until the server signs with an authority that is none of these, and returns its ID. */
export async function newAuthority(
    world: World,
    kind: Kind,
    known: readonly string[],
    withinMs: number,
): Promise<string> {
    return await poll<string>(withinMs, `new ${kind} authority that signs`, async () => {
        const { active } = await authorities(world, kind);
        if (active === undefined || known.includes(active)) {
            return { waitingFor: `it signs with ${active ?? "none"}` };
        }
        return { done: active };
    });
}
