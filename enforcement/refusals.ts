/** Which dropped packets mean that somebody is refused, as plain data. */
import type { Drop } from "../doctor/traffic/drops";

/** Packets of two identities to a port that a node dropped again and again. */
export interface Refusal {
    /** The last of them. */
    drop: Drop;
    /** From the first to the last. */
    seconds: number;
}

/**
 * The first packet of a pair is dropped, while Cilium authenticates it, and TCP sends it again after one second and after three.
 * A pair of whom packets are dropped for longer gets no further.
 */
const PATIENCE_S = 4;

/** What was dropped before a policy came, and what since. */
export class Refusals {
    private readonly before = new Set<string>();
    private seen = new Map<string, { first: Drop; last: Drop }>();

    add(drops: readonly Drop[]): void {
        for (const drop of drops) {
            if (this.before.has(pairOf(drop))) continue;
            const key = `${pairOf(drop)} ${drop.reason} ${drop.node}`;
            const { first, last } = this.seen.get(key) ?? { first: drop, last: drop };
            this.seen.set(key, {
                first: drop.at < first.at ? drop : first,
                last: drop.at > last.at ? drop : last,
            });
        }
    }

    /** A policy comes now: who has been refused until now is none of its doing. */
    mark(): void {
        for (const { first, last } of this.seen.values()) {
            const refused = first.reason === "Policy denied" || last.at - first.at >= PATIENCE_S;
            if (refused) this.before.add(pairOf(first));
        }
        this.seen = new Map();
    }

    /** Forgets what was dropped of some pairs: their packets pass now. */
    forget(isThrough: (drop: Drop) => boolean): void {
        for (const [key, { last }] of this.seen) if (isThrough(last)) this.seen.delete(key);
    }

    /** Who is refused; who gets through after some tries is not. */
    lasting(): Refusal[] {
        return [...this.seen.values()]
            .map(({ first, last }) => ({ drop: last, seconds: last.at - first.at }))
            .filter(({ seconds }) => seconds >= PATIENCE_S);
    }
}

function pairOf({ fromIdentity, toIdentity, port, protocol }: Drop): string {
    return [fromIdentity, toIdentity, port, protocol].join(" ");
}
