/** Answers every line of one client with the same line: `node dist/server.js --client SPIFFE_ID [--port 9999]`. */
import { createInterface } from "node:readline";
import type { Server } from "node:tls";
import { parseArgs } from "node:util";
import { contextOf, createServer, type Visitors } from "./mtls";
import { about, fail, log, run } from "./program";
import { parseSpiffeId } from "./spiffeId";

async function main(): Promise<void> {
    const options = { client: { type: "string" }, port: { type: "string" } } as const;
    const { client: id = "", port = "9999" } = parseArgs({ options }).values;
    const client = parseSpiffeId(id);
    const visitors: Visitors = {
        accepted: (socket, certificate) => {
            log("accepted", { client: client.uri, ...about(certificate) });
            createInterface({ input: socket }).on("line", (line) => socket.write(`${line}\n`));
        },
        refused: (reason, from) => log("refused", { reason, from }),
    };
    let server: Server | undefined;
    await run((identity) => {
        if (server) server.setSecureContext(contextOf(identity, client));
        // Only now: until it listens, it is not Ready.
        else server = createServer(identity, client, visitors).listen(Number(port));
    });
}

main().catch(fail);
