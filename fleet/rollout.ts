/** Wave after wave: what is brought up when, and where it stops. */
import type { Waves } from "./waves";

/** What is done with a stack, by its name. Each gives nothing when all is well, or why it is not. */
export interface Work {
    up: (stack: string) => Promise<string | undefined>;
    /** Whether its cluster is well, after the `up`s of its wave. */
    gate: (stack: string) => Promise<string | undefined>;
    /** Told before anything of a wave is done; the first one is 1. */
    onWave: (number: number, stacks: readonly string[]) => void;
    /** How many `up`s run at once. */
    parallel: number;
    /** When it is aborted, nothing more is begun, and no cluster waited for. */
    stop: AbortSignal;
}

/** How far it came: each stack is in one of the lists. */
export interface Outcome {
    /** Up, and passed the gate. */
    healthy: string[];
    /** What did not come through, and why. */
    failed: { stack: string; during: "up" | "gate"; why: string }[];
    /** Up, and not looked at, for another of its wave failed or it was stopped. */
    unexamined: string[];
    /** Nothing was done with them. */
    untouched: string[];
}

/**
 * Brings up the stacks of each wave, and lets none of the next one begin before all clusters of the wave are well. What has
 * begun when something fails is seen to its end.
 */
export async function rollOut(
    waves: Waves,
    { up, gate, onWave, parallel, stop }: Work,
): Promise<Outcome> {
    const outcome: Outcome = { healthy: [], failed: [], unexamined: [], untouched: [] };
    const { healthy, failed, unexamined, untouched } = outcome;
    const over = () => failed.length > 0 || stop.aborted;
    const stopped = new Promise<undefined>((resolve) => {
        stop.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    for (const [i, wave] of waves.entries()) {
        if (over()) {
            untouched.push(...wave);
            continue;
        }
        onWave(i + 1, wave);
        const isUp: string[] = [];
        await eachOf(wave, parallel, async (stack) => {
            if (over()) return void untouched.push(stack);
            const why = await up(stack);
            if (why === undefined) isUp.push(stack);
            else failed.push({ stack, during: "up", why });
        });
        if (over()) {
            unexamined.push(...isUp);
            continue;
        }
        // Clusters are only looked at, and waited for: nobody gains when they wait in turn.
        await eachOf(wave, wave.length, async (stack) => {
            const why = await Promise.race([gate(stack), stopped]);
            if (stop.aborted) unexamined.push(stack);
            else if (why === undefined) healthy.push(stack);
            else failed.push({ stack, during: "gate", why });
        });
    }
    return outcome;
}

/** As many at once as `parallel` says, begun in their order. @throws what the first that throws does, when all have ended. */
export async function eachOf<T>(
    items: readonly T[],
    parallel: number,
    act: (item: T) => Promise<void>,
): Promise<void> {
    const left = items.values();
    const lane = async () => {
        for (const item of left) await act(item);
    };
    const lanes = await Promise.allSettled(Array.from({ length: parallel }, lane));
    for (const result of lanes) if (result.status === "rejected") throw result.reason;
}
