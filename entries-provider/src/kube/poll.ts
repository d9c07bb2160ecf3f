/** Waiting with a deadline and a reason. */
import { setTimeout } from "node:timers/promises";
import { messageOf } from "./messageOf";

/**
 * What was found: done, what is still missing, or why waiting is in vain. `late` gives the result when there is no more
 * time; without it, that is an error.
 */
export type Attempt<T> = { done: T } | { waitingFor: string; late?: () => T } | { failed: string };

/** Options of {@link poll}. */
export interface PollOptions {
    /** Milliseconds between two attempts, or what says so after each. @default 1000 */
    intervalMs?: number | (() => number);
    /** An attempt that throws is one more that waits, for what its error says. @default false */
    errorsWait?: boolean;
    /** Told what is missing, after each attempt that is not the last one. */
    onWait?: (waitingFor: string, leftMs: number) => void;
}

/**
 * Tries until done, the last time after the deadline.
 *
 * @param waitMs the deadline; 0 tries once.
 * @param what what is waited for, without an article: `Ready pod of StatefulSet a/b`.
 * @throws Error naming what was waited for, for how long, and what the last attempt still missed.
 */
export async function poll<T>(
    waitMs: number,
    what: string,
    attempt: () => Promise<Attempt<T>>,
    { intervalMs = 1000, errorsWait = false, onWait }: PollOptions = {},
): Promise<T> {
    const deadline = Date.now() + waitMs;
    for (;;) {
        const last = Date.now() >= deadline;
        const result = await attempt().catch((error: unknown): Attempt<T> => {
            if (!errorsWait) throw error;
            return { waitingFor: messageOf(error) };
        });
        if ("done" in result) return result.done;
        if ("failed" in result) throw new Error(`no ${what}: ${result.failed}`);
        const { waitingFor, late } = result;
        if (last) {
            if (late) return late();
            const waited = waitMs > 0 ? ` after ${Math.round(waitMs / 1000)} s` : "";
            throw new Error(`no ${what}${waited}: ${waitingFor}`);
        }
        onWait?.(waitingFor, Math.max(deadline - Date.now(), 0));
        const pauseMs = typeof intervalMs === "number" ? intervalMs : intervalMs();
        await setTimeout(Math.max(Math.min(pauseMs, deadline - Date.now()), 0));
    }
}
