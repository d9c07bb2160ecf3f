/**
 * Sends a number every second over one connection, and greets with a new one after each rotation:
 * `node dist/client.js --server SPIFFE_ID --host HOST [--port 9999]`.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { parseArgs } from "node:util";
import { connect } from "./mtls";
import { about, fail, log, run } from "./program";
import { parseSpiffeId } from "./spiffeId";
import type { Identity } from "./workloadApi";

const ANSWER_DEADLINE_MS = 5_000;
const PAUSE_MS = 1_000;

async function main(): Promise<void> {
    const text = { type: "string" } as const;
    const { values } = parseArgs({ options: { server: text, host: text, port: text } });
    const { host = "localhost", port = "9999" } = values;
    const server = parseSpiffeId(values.server ?? "");
    let newest: Identity | undefined;

    /** Opens a connection with the newest identity. */
    async function open(): Promise<TLSSocket> {
        const socket = await connect(newest!, { host, port: Number(port) }, server);
        socket.on("error", ({ message }: Error) => log("broken", { reason: message }));
        const certificate = socket.getPeerX509Certificate()!;
        log("connected", { server: about(certificate), client: about(newest!.certificate) });
        return socket;
    }

    async function greet(): Promise<void> {
        const socket = await open();
        await ask(socket, "hello");
        socket.end();
    }

    /** Keeps one connection, and opens another only when it is lost. */
    async function talk(): Promise<never> {
        for (let line = 1; ;) {
            try {
                const socket = await open();
                for (; ; line++) {
                    await ask(socket, String(line));
                    log("answered", { line, connection: socket.localPort });
                    await setTimeout(PAUSE_MS);
                }
            } catch (error) {
                reportLost(error);
                await setTimeout(PAUSE_MS);
            }
        }
    }

    await run((identity) => {
        const first = newest === undefined;
        newest = identity;
        if (first) void talk();
        else greet().catch(reportLost);
    });
}

/** @throws Error when the answer does not come in time, or is another; the connection is closed then. */
async function ask(socket: TLSSocket, question: string): Promise<void> {
    const lines = createInterface({ input: socket });
    try {
        const answer = once(lines, "line", { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
        socket.write(`${question}\n`);
        const [line] = (await answer) as string[];
        if (line !== question) throw new Error(`asked "${question}", answered "${line}"`);
    } catch (error) {
        socket.destroy();
        throw error;
    } finally {
        lines.close();
    }
}

function reportLost(error: unknown): void {
    log("lost", { reason: (error as Error).message });
}

main().catch(fail);
