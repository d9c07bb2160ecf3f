/**
 * A process that measures requests in the network of a pod; `packets.ts` starts it. It knows nothing but Node, so that it starts at once.
 * Arguments: the URL, and what to do: `kept` or `new` (connections) for so many milliseconds, or `first`, one connection.
 */
import { Agent, get } from "node:http";
import { performance } from "node:perf_hooks";

/** What requests that follow one another took. */
export interface Load {
    perSecond: number;
    /** Milliseconds of one request, of which half and 99 in a hundred take no longer. */
    median: number;
    p99: number;
}

/** Requests under way at a time. */
const LANES = 4;
const WARM_UP_MS = 500;
/** Of one request: TCP repeats a packet that was dropped after 1, 3 and 7 s. */
const TIMEOUT_MS = 60_000;

/** @returns milliseconds until the answer was there whole. */
async function request(url: string, agent: Agent | false): Promise<number> {
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const sent = get(url, { agent, signal }, (response) => {
            response.resume().on("end", resolve).on("error", reject);
            if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        });
        sent.on("error", reject);
    });
    return performance.now() - start;
}

async function load(url: string, keep: boolean, milliseconds: number): Promise<Load> {
    const start = performance.now();
    const from = start + WARM_UP_MS;
    const took: number[] = [];
    const lane = async () => {
        const agent = keep && new Agent({ keepAlive: true, maxSockets: 1 });
        while (performance.now() < from + milliseconds) {
            const before = performance.now();
            const each = await request(url, agent);
            if (before >= from) took.push(each);
        }
        if (agent) agent.destroy();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    took.sort((a, b) => a - b);
    const at = (share: number) => took[Math.floor(share * (took.length - 1))]!;
    return { perSecond: (took.length / milliseconds) * 1000, median: at(0.5), p99: at(0.99) };
}

if (require.main === module) {
    const [url, what, milliseconds] = process.argv.slice(2);
    const result =
        what === "first" ? request(url!, false) : load(url!, what === "kept", Number(milliseconds));
    result.then(
        (value) => process.stdout.write(JSON.stringify(value)),
        (error: unknown) => {
            console.error(error);
            process.exit(1);
        },
    );
}
