/** The keys with which a SPIRE server signs, changed by hand: `spire-server localauthority`. */
import { poll } from "@cilium-spire/entries-provider";
import type { World } from "./world";
import { spireCommand } from "./spireCommand";

/** What they sign. */
export type Kind = "x509" | "jwt";

/** The IDs of a server's authorities, as `show` has them. */
export interface Authorities {
    active?: string;
    prepared?: string;
    old?: string;
}

/** Runs a command in the pod of the only server. */
async function inServer({ cluster, outputs }: World, args: string[]): Promise<string> {
    const { namespace, container } = outputs.spireServer;
    return await spireCommand(cluster, { namespace, container, pod: "spire-server-0" }, args);
}

export async function localAuthority(
    world: World,
    kind: Kind,
    verb: "activate" | "prepare" | "revoke" | "show" | "taint",
    id?: string,
): Promise<Record<string, { authority_id?: string } | null>> {
    const which = id === undefined ? [] : ["-authorityID", id];
    const args = ["localauthority", kind, verb, ...which, "-output", "json"];
    return JSON.parse(await inServer(world, args)) as Record<string, object | null>;
}

/** How many authorities the trust bundle has. */
export async function trusted(world: World, kind: Kind): Promise<number> {
    const bundle = await inServer(world, ["bundle", "show", "-format", "spiffe"]);
    const { keys } = JSON.parse(bundle) as { keys: { use: string }[] };
    return keys.filter(({ use }) => use === `${kind}-svid`).length;
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
