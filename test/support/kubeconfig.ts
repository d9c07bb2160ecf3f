/** A kubeconfig of an API server that does not answer. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";

/**
 * Writes the kubeconfig, with the context "nowhere".
 *
 * @returns the API server's URL.
 */
export async function writeUnreachableKubeconfig(file: string): Promise<string> {
    const server = `https://127.0.0.1:${await closedPort()}`;
    const kubeconfig = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "nowhere",
        contexts: [{ name: "nowhere", context: { cluster: "nowhere", user: "nobody" } }],
        clusters: [{ name: "nowhere", cluster: { server } }],
        users: [{ name: "nobody", user: {} }],
    };
    await writeFile(file, JSON.stringify(kubeconfig));
    return server;
}

/** A port of loopback that nobody listens on: one that the kernel has just given us back. */
async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, "close");
    return port;
}
