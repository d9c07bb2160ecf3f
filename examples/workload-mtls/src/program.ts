/** What the two programs have in common. */
import type { X509Certificate } from "node:crypto";
import { type Identity, identities } from "./workloadApi";

/** Writes an event as a line of JSON. */
export function log(event: string, fields: object): void {
    console.log(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}

/**
 * Runs a program with every identity that the Workload API gives, until the process is told to end.
 *
 * @param use is called again at each rotation.
 */
export async function run(use: (identity: Identity) => void): Promise<void> {
    // As process 1 of a container it would not end by itself.
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
    const endpoint = process.env.SPIFFE_ENDPOINT_SOCKET;
    if (!endpoint) {
        throw new Error(
            "SPIFFE_ENDPOINT_SOCKET is not set; it says where the Workload API is, such as unix:///run/spire/sockets/agent.sock",
        );
    }
    for await (const identity of identities(endpoint, (reason) => log("waiting", { reason }))) {
        const { id, certificate } = identity;
        log("identity", { id: id.uri, ...about(certificate) });
        use(identity);
    }
}

/** What tells a certificate from its predecessor. */
export function about({ serialNumber, validToDate }: X509Certificate): object {
    return { serial: serialNumber, expires: validToDate.toISOString() };
}

/** Ends the process with what is wrong. */
export function fail(error: unknown): void {
    log("failed", { reason: (error as Error).message });
    process.exit(1);
}
