/**
 * A process that sends requests without end: every {@link INTERVAL_MS} one over a connection of its own, whatever became of
 * those before. For each it prints a line when its fate is known; see `traffic.ts`, which starts it.
 *
 * It knows nothing but Node, so that it starts at once. Arguments: the URL.
 */
import { get } from "node:http";

/** Between two requests. */
export const INTERVAL_MS = 100;
/** TCP repeats the packet that Cilium drops, to authenticate the pair, after a second and after three. */
export const TIMEOUT_MS = 5_000;

/** Answered; refused by a host or a closed port; lost: no answer in time, as when packets are dropped. */
export type Fate = "answered" | "refused" | "lost";

function send(url: string): void {
    const sent = Date.now();
    const end = (fate: Fate) => process.stdout.write(`${sent} ${Date.now()} ${fate}\n`);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // Without an agent each has its own connection, which ends with it.
    const request = get(url, { agent: false, signal }, (response) => {
        response.resume();
        response.on("error", () => end("lost"));
        response.on("end", () => end(response.statusCode === 200 ? "answered" : "refused"));
    });
    request.on("error", ({ code }: NodeJS.ErrnoException) => {
        end(code === "ECONNREFUSED" || code === "ECONNRESET" ? "refused" : "lost");
    });
}

if (require.main === module) {
    const [url] = process.argv.slice(2);
    setInterval(() => send(url!), INTERVAL_MS);
}
