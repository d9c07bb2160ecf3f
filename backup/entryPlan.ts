/** Which registration entries of a backup belong on a server. */
import { isDeepStrictEqual } from "node:util";
import { differingFields, type Entry, owns, similarityKey } from "@cilium-spire/entries-provider";
import { identityOf } from "../doctor/identities";

/** By what an entry is judged. */
export interface Grounds {
    trustDomain: string;
    clusterName: string;
    /** UIDs of the cluster's nodes, by which its agents are named. */
    nodeUids: Set<string>;
    /** SPIFFE IDs of the agents that the server knows. */
    agentIds: Set<string>;
    /** First parts of the IDs of entries that the stack writes. */
    idPrefixes: string[];
    /** Unix time in seconds. */
    now: number;
}

/** What becomes of the entries. */
export interface EntrySteps {
    create: Entry[];
    /** Those that conflict, as they would be: under the ID that the server has. */
    update: Entry[];
    present: number;
    conflicts: string[];
    skipped: Map<string, string[]>;
}

/** Why an entry is left out. */
export const SKIPPED = {
    own: "the stack's own, which `pulumi up` writes",
    identity: "Cilium's identities, which cilium-operator writes with the numbers of this cluster",
    node: "under agents of nodes that this cluster has not got, so nobody could get them",
    joinToken:
        "under agents that joined by a token, which is spent, and that the server does not know",
    expired: "expired",
    taken: "the stack has entries of its own with their SPIFFE ID, parent and selectors",
} as const;

export class EntryPlan {
    private readonly byId: Map<string, Entry>;
    private readonly byLikeness: Map<string, Entry>;

    constructor(
        live: Entry[],
        private readonly grounds: Grounds,
    ) {
        this.byId = new Map(live.map((entry) => [entry.id, entry]));
        this.byLikeness = new Map(live.map((entry) => [similarityKey(entry), entry]));
    }

    of(entries: Entry[]): EntrySteps {
        const steps: EntrySteps = {
            ...{ create: [], update: [], present: 0, conflicts: [] },
            skipped: new Map(),
        };
        for (const entry of entries) this.place(entry, steps);
        return steps;
    }

    private place(entry: Entry, steps: EntrySteps): void {
        // SPIRE allows one entry for a SPIFFE ID, parent and selectors, whatever its ID.
        const found = this.byId.get(entry.id) ?? this.byLikeness.get(similarityKey(entry));
        const reason = this.reasonAgainst(entry, found);
        if (reason !== undefined) {
            const names = steps.skipped.get(reason) ?? [];
            names.push(nameOf(entry));
            steps.skipped.set(reason, names);
        } else if (!found) {
            steps.create.push(entry);
        } else {
            const wanted = { ...entry, id: found.id };
            if (isDeepStrictEqual(found, wanted)) steps.present++;
            else {
                steps.update.push(wanted);
                const fields = differingFields(found, wanted).join(", ");
                steps.conflicts.push(
                    `${nameOf(entry)}: the server's ${found.id} differs in ${fields}`,
                );
            }
        }
    }

    private reasonAgainst(entry: Entry, found: Entry | undefined): string | undefined {
        const { now } = this.grounds;
        if (this.isOwn(entry)) return SKIPPED.own;
        if (this.isIdentity(entry)) return SKIPPED.identity;
        if (entry.expiresAt !== undefined && entry.expiresAt <= now) return SKIPPED.expired;
        if (found && this.isOwn(found)) return SKIPPED.taken;
        return this.deadParent(entry.parentId);
    }

    private isOwn(entry: Entry): boolean {
        return this.grounds.idPrefixes.some((prefix) => owns(prefix, entry));
    }

    /** As cilium-operator writes them (cilium operator/auth/spire/client.go). */
    private isIdentity({ spiffeId, parentId, selectors }: Entry): boolean {
        const { trustDomain } = this.grounds;
        return (
            identityOf(spiffeId, trustDomain) !== undefined &&
            parentId === `spiffe://${trustDomain}/cilium-operator` &&
            selectors.join() === "cilium:mutual-auth"
        );
    }

    /** Of an agent that can never come back. Others may: SPIRE takes entries under parents that are not there yet. */
    private deadParent(parentId: string): string | undefined {
        const { trustDomain, clusterName, nodeUids, agentIds } = this.grounds;
        const agents = `spiffe://${trustDomain}/spire/agent`;
        const ours = `${agents}/k8s_psat/${clusterName}/`;
        if (parentId.startsWith(ours)) {
            return nodeUids.has(parentId.slice(ours.length)) ? undefined : SKIPPED.node;
        }
        const joined = parentId.startsWith(`${agents}/join_token/`);
        return joined && !agentIds.has(parentId) ? SKIPPED.joinToken : undefined;
    }
}

function nameOf({ id, spiffeId, parentId }: Entry): string {
    return `${id} (${spiffeId} under ${parentId})`;
}
