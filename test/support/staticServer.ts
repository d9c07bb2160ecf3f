/** A folder as a web server on loopback has it. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
};

/** Serves until it is closed. */
export async function serve(folder: string): Promise<{ url: string; close: () => void }> {
    const server = createServer((request, response) => {
        const path = normalize(decodeURIComponent(new URL(request.url!, "http://x").pathname));
        const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
        readFile(file).then(
            (content) => {
                const type = TYPES[extname(file)] ?? "application/octet-stream";
                response.writeHead(200, { "content-type": type }).end(content);
            },
            () => response.writeHead(404).end("not found"),
        );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
        url: `http://127.0.0.1:${port}`,
        close: () => {
            server.close();
            server.closeAllConnections();
        },
    };
}
