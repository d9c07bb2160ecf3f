/**
 * A process that answers requests in the network of a pod; `pair.ts` starts it, with JSON on its standard input: what it needs for mutual
 * TLS, or null for none. It writes its port, which is any that is free. Like `load.ts` it knows nothing but Node.
 */
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { MutualTls } from "./load";

const answer: RequestListener = (_, response) => response.end("answered\n");

async function main(): Promise<void> {
    const tls = (await json(process.stdin)) as MutualTls | null;
    const server = tls ? secure(tls) : createPlainServer(answer);
    server.listen(0, () => {
        process.stdout.write(String((server.address() as AddressInfo).port));
    });
}

/** Of one client, as examples/workload-mtls has it: TLS verifies the chain, and then the certificate's ID has to be the client's. */
function secure({ peer, context }: MutualTls) {
    const options = { ...context, requestCert: true, rejectUnauthorized: true };
    return createServer(options, answer).on("secureConnection", (socket) => {
        const { subjectAltName } = socket.getPeerX509Certificate()!;
        if (subjectAltName !== `URI:${peer}`) socket.destroy();
    });
}

void main();
