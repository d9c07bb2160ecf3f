/** Waiting with a deadline and a reason. */

const INTERVAL_MS = 1000;

export type Attempt<T> = { done: T } | { waitingFor: string };

/**
 * Tries once a second until done.
 *
 * @param waitMs the deadline; 0 tries once.
 * @param what what is waited for, without an article: `Ready pod of StatefulSet a/b`.
 * @throws Error naming what was waited for, for how long, and what the last attempt still missed.
 */
export async function poll<T>(
    waitMs: number,
    what: string,
    attempt: () => Promise<Attempt<T>>,
): Promise<T> {
    const deadline = Date.now() + waitMs;
    for (;;) {
        const result = await attempt();
        if ("done" in result) return result.done;
        if (Date.now() + INTERVAL_MS > deadline) {
            const waited = waitMs > 0 ? ` after ${Math.round(waitMs / 1000)} s` : "";
            throw new Error(`no ${what}${waited}: ${result.waitingFor}`);
        }
        await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
}
