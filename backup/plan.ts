/** What of a backup belongs on a server: pure. */
import { isDeepStrictEqual } from "node:util";
import { type AttestedAgent, type Entry } from "@cilium-spire/entries-provider";
import type { Backup, Bundle, Relationship } from "./document";
import { EntryPlan, type Grounds } from "./entryPlan";

/** What the server has now. */
export interface Present {
    bundle: Bundle;
    federatedBundles: Record<string, Bundle>;
    federation: Relationship[];
    entries: Entry[];
    agents: AttestedAgent[];
}

/**
 * What becomes of an entry or a relationship that is on the server with other content: `refuse` restores nothing at all,
 * `keep` leaves it, `overwrite` gives it the content of the backup.
 */
export type OnConflict = "refuse" | "keep" | "overwrite";

/** What to do, and what not, with the reason. */
export interface RestorePlan {
    bundles: [trustDomain: string, bundle: Bundle][];
    relationships: { create: Relationship[]; update: Relationship[] };
    entries: { create: Entry[]; update: Entry[] };
    /** SPIFFE IDs of agents that were banned and are not. */
    ban: string[];
    /** How much is there as it was. */
    present: number;
    /** What is in the way, by name, with what differs. */
    conflicts: string[];
    /** Names by the reason why they are left out. */
    skipped: Map<string, string[]>;
    /** What to know, and nothing to do about here. */
    notes: string[];
}

const NOT_HERE = "banned agents that the server does not know: restore again when they attest";

/** Compares a backup with a server. */
export function planRestore(
    backup: Backup,
    present: Present,
    grounds: Grounds,
    onConflict: OnConflict,
): RestorePlan {
    const { create, update, skipped, ...entries } = new EntryPlan(present.entries, grounds).of(
        backup.entries,
    );
    const relations = new Map(present.federation.map((r) => [r.trustDomain, r]));
    const differing = backup.federation.filter(({ trustDomain }) => relations.has(trustDomain));
    const changed = differing.filter((r) => !isDeepStrictEqual(relations.get(r.trustDomain), r));
    const conflicts = [
        ...entries.conflicts,
        ...changed.map(
            ({ trustDomain, url }) =>
                `federation with ${trustDomain}: ${relations.get(trustDomain)!.url} here, ${url} in the backup, or another profile`,
        ),
    ];
    const overwrite = onConflict === "overwrite";
    const bundles = Object.entries(backup.federatedBundles);
    const missing = bundles.filter(([name]) => !(name in present.federatedBundles));
    const agents = new Map(present.agents.map((agent) => [agent.spiffeId, agent]));
    const banned = backup.agents.filter((agent) => agent.banned).map(({ spiffeId }) => spiffeId);
    const unknown = banned.filter((id) => !agents.has(id));
    if (unknown.length > 0) skipped.set(NOT_HERE, unknown);
    const ban = banned.filter((id) => agents.get(id)?.banned === false);
    const here =
        entries.present +
        (differing.length - changed.length) +
        (bundles.length - missing.length) +
        (banned.length - unknown.length - ban.length);
    return {
        bundles: missing,
        relationships: {
            create: backup.federation.filter(({ trustDomain }) => !relations.has(trustDomain)),
            update: overwrite ? changed : [],
        },
        entries: { create, update: overwrite ? update : [] },
        ban,
        present: here,
        conflicts,
        skipped,
        notes: [...authorityNotes(backup.bundle, present.bundle), ...bundleNotes(backup, present)],
    };
}

/** How much there is to do. */
export function stepCount({ bundles, relationships, entries, ban }: RestorePlan): number {
    return [
        bundles,
        ...[relationships.create, relationships.update],
        ...[entries.create, entries.update],
        ban,
    ].reduce((sum, { length }) => sum + length, 0);
}

function authorityNotes(then: Bundle, now: Bundle): string[] {
    const certificates = certificatesOf(now);
    if ([...certificatesOf(then)].some((certificate) => certificates.has(certificate))) return [];
    return [
        "The server's CA is another than those in the backup. Certificates and tokens of then are worth nothing here, and trust domains that federate with this one need its new bundle.",
    ];
}

/** A bundle that is there stays: the server may have fetched it since, and an older one would trust keys that are gone. */
function bundleNotes(then: Backup, now: Present): string[] {
    return Object.entries(then.federatedBundles).flatMap(([name, bundle]) => {
        const present = now.federatedBundles[name];
        if (!present) return [];
        const certificates = certificatesOf(present);
        const same = [...certificatesOf(bundle)].every((one) => certificates.has(one));
        return same ? [] : [`The server has another bundle of ${name} than the backup; it stays.`];
    });
}

/** The X.509 authorities, as SPIFFE writes them. */
function certificatesOf({ keys }: Bundle): Set<string> {
    return new Set(keys.filter(({ use }) => use === "x509-svid").map(({ x5c }) => x5c?.[0] ?? ""));
}
