/** Hubble as its users reach it: the CLI by the relay, and an agent's port. */
import { once } from "node:events";
import { connect, type SecureClientSessionOptions } from "node:http2";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { ensureBinary } from "../../sandbox/build/binaries";
import { testSandbox } from "./sandbox";

/** Of the agents' Hubble, on every node's addresses. */
const PORT = 4244;
const DEADLINE_MS = 60_000;
const ANSWER_MS = 5000;

/** A flow as `hubble observe -o jsonpb` prints it; a field with its default is absent. */
export interface RelayedFlow {
    node_name: string;
    traffic_direction: string;
    auth_type?: string;
}

/** Runs the CLI, which forwards a port to the relay by itself. */
export async function relayed(...args: string[]): Promise<string> {
    const forward = ["--port-forward", "--port-forward-port=0"];
    const where = `--kubeconfig=${testSandbox.kubeconfig}`;
    const options = { timeout: DEADLINE_MS };
    return (await execa(await ensureBinary("hubble"), [...args, ...forward, where], options))
        .stdout;
}

/** Flows that the agents of all nodes have kept. */
export async function relayedFlows(filters: string[]): Promise<RelayedFlow[]> {
    const lines = (await relayed("observe", ...filters, "-ojsonpb")).split("\n");
    return lines.flatMap((line) => {
        const { flow } = line.startsWith("{")
            ? (JSON.parse(line) as { flow?: RelayedFlow })
            : { flow: undefined };
        return flow ? [flow] : [];
    });
}

/**
 * Ends when an agent's Hubble has answered as HTTP/2 does.
 *
 * @throws Error when one of the two does not believe the other.
 */
export async function greeted(address: string, tls: SecureClientSessionOptions): Promise<void> {
    const session = connect(`https://${address}:${PORT}`, tls);
    try {
        const closed = once(session, "close").then(() => {
            throw new Error("closed without an answer");
        });
        // Who has no certificate is not told so by every version of TLS.
        const mute = setTimeout(ANSWER_MS, undefined, { ref: false }).then(() => {
            throw new Error("no answer");
        });
        await Promise.race([once(session, "remoteSettings"), closed, mute]);
    } finally {
        session.destroy();
    }
}
