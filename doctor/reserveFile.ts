import { open } from "node:fs/promises";

/**
 * Takes the name of a file that is to be written: of two who do that at once, one fails. The file is empty, and for its
 * owner alone.
 *
 * @returns false when it is there already.
 * @throws Error of the file system when it cannot be made.
 */
export async function reserveFile(path: string): Promise<boolean> {
    try {
        await (await open(path, "wx", 0o600)).close();
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw error;
    }
}
