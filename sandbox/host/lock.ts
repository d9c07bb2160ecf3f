import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Takes a lock of the whole machine.
 *
 * It is a listening abstract Unix socket: the kernel gives the name to one holder only and frees it when
 * that process ends, however it ends. No file can be left behind.
 *
 * @returns the function that releases it, or nothing when somebody else, also in this process, holds it.
 */
export async function tryLock(name: string): Promise<(() => void) | undefined> {
    const server = createServer();
    server.listen(`\0cilium-spire-${name}`);
    try {
        await once(server, "listening");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
        return undefined;
    }
    return () => server.close();
}
