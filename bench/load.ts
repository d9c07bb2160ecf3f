/**
 * A process that measures requests in the network of a pod; `pair.ts` starts it. It knows nothing but Node, so that it starts at once.
 * Arguments: the URL, and what to do: `kept` or `new` (connections) for so many milliseconds, or `first`, one connection. For an
 * `https` URL its standard input has what it needs for mutual TLS, as JSON.
 */
import http from "node:http";
import https from "node:https";
import { performance } from "node:perf_hooks";
import { json } from "node:stream/consumers";
import type { SecureContextOptions } from "node:tls";

/** One side of a connection by mutual TLS, all of it JSON. */
export interface MutualTls {
    /** SPIFFE ID of the other side. */
    peer: string;
    context: SecureContextOptions;
}

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

/** Makes requests to one URL. */
class Client {
    private readonly protocol: typeof http | typeof https;
    private readonly options: https.AgentOptions;

    constructor(
        private readonly url: string,
        tls?: MutualTls,
    ) {
        this.protocol = tls ? https : http;
        this.options = tls ? { ...tls.context, checkServerIdentity: isFrom(tls.peer) } : {};
    }

    /** Keeps one connection. */
    agent(): http.Agent {
        return new this.protocol.Agent({ ...this.options, keepAlive: true, maxSockets: 1 });
    }

    /**
     * @param agent false: with a connection of its own.
     * @returns milliseconds until the answer was there whole.
     */
    async request(agent: http.Agent | false): Promise<number> {
        const start = performance.now();
        await new Promise<void>((resolve, reject) => {
            const signal = AbortSignal.timeout(TIMEOUT_MS);
            const options = { ...this.options, agent, signal };
            const sent = this.protocol.get(this.url, options, (response) => {
                response.resume().on("end", resolve).on("error", reject);
                if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
            });
            sent.on("error", reject);
        });
        return performance.now() - start;
    }
}

/** Asked once TLS has verified the chain: the certificate's ID has to be this one. */
function isFrom(peer: string): https.AgentOptions["checkServerIdentity"] {
    return (_host, { subjectaltname }) =>
        subjectaltname === `URI:${peer}`
            ? undefined
            : new Error(`${subjectaltname} is not ${peer}`);
}

async function load(client: Client, keep: boolean, milliseconds: number): Promise<Load> {
    const start = performance.now();
    const from = start + WARM_UP_MS;
    const took: number[] = [];
    const lane = async () => {
        const agent = keep && client.agent();
        while (performance.now() < from + milliseconds) {
            const before = performance.now();
            const each = await client.request(agent);
            if (before >= from) took.push(each);
        }
        if (agent) agent.destroy();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    took.sort((a, b) => a - b);
    const at = (share: number) => took[Math.floor(share * (took.length - 1))]!;
    return { perSecond: (took.length / milliseconds) * 1000, median: at(0.5), p99: at(0.99) };
}

async function main(): Promise<Load | number> {
    const [url = "", what, milliseconds] = process.argv.slice(2);
    const secure = url.startsWith("https:");
    const client = new Client(url, secure ? ((await json(process.stdin)) as MutualTls) : undefined);
    if (what === "first") return await client.request(false);
    return await load(client, what === "kept", Number(milliseconds));
}

if (require.main === module) {
    main().then(
        (value) => process.stdout.write(JSON.stringify(value)),
        (error: unknown) => {
            console.error(error);
            process.exit(1);
        },
    );
}
