/** Writing a file whole or not at all. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { reserveFile } from "../doctor/reserveFile";

/** Readable and writable by its owner alone. */
const MODE = 0o600;

/**
 * @param replace whether a file that is there may be replaced; absent where nobody can ask for that.
 * @throws Error when there is such a file, and it may not be replaced, or no folder for it.
 */
export function requireFree(path: string, replace?: boolean): void {
    if (!replace && existsSync(path)) throw alreadyThere(path, replace);
    const folder = dirname(path);
    if (!existsSync(folder)) throw new Error(`${folder} does not exist; make that folder first`);
}

/**
 * Writes a file of mode 0600. Whoever looks at the path sees what was there before or the whole text, also when this
 * process is killed; short of that, nothing else is left behind.
 *
 * @param replace a file that is there; without it, that is an error, however late it came.
 */
export async function writeWhole(path: string, text: string, replace: boolean): Promise<void> {
    // The name is taken first: of two who write it at once, one fails.
    if (!replace && !(await reserveFile(path))) throw alreadyThere(path, replace);
    const draft = `${path}.${randomBytes(4).toString("hex")}`;
    try {
        const file = await open(draft, "wx", MODE);
        try {
            await file.writeFile(text);
            await file.sync();
        } finally {
            await file.close();
        }
        await rename(draft, path);
    } catch (error) {
        await rm(draft, { force: true });
        if (!replace) await rm(path, { force: true });
        throw error;
    }
}

function alreadyThere(path: string, replace?: boolean): Error {
    const force = replace === undefined ? "" : ", or replace it by --force";
    return new Error(`${path} is there already: name another file${force}`);
}
