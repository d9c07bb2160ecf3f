/** Files that a command line names. */
import { readFile } from "node:fs/promises";

/** @throws Error with the remedy when there is no such file. */
export async function textOf(file: string, remedy: string): Promise<string> {
    try {
        return await readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw new Error(`${file} does not exist; ${remedy}`);
    }
}
