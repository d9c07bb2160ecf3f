import { createServer } from "node:net";
import { once } from "node:events";
import type { Instance } from "./instance";

/**
 * Runs a change of an instance while no other process changes it.
 *
 * The lock is a listening abstract Unix socket: the kernel gives the name to one process only and frees
 * it when that process ends, however it ends. No file can be left behind.
 *
 * @throws Error at once when another process holds the lock.
 */
export async function locked<T>(instance: Instance, change: () => Promise<T>): Promise<T> {
    const server = createServer();
    server.listen(`\0cilium-spire-sandbox-${instance.number}`);
    try {
        await once(server, "listening");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
        throw new Error(
            `another command is changing sandbox ${instance.number}: wait until it ends, or choose another --instance`,
        );
    }
    try {
        return await change();
    } finally {
        server.close();
    }
}
