import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "./paths";
import { progress } from "./shell";

/** A short key that changes when anything in the (JSON) value does. */
export function contentKey(inputs: unknown): string {
    return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

/**
 * A directory in the cache that is made once per content of its inputs.
 *
 * The directory appears complete or not at all: it is made under a temporary name and renamed, so a
 * killed build leaves nothing that a later run would take for finished.
 *
 * @param name what it is, may contain slashes; the key is appended.
 * @param inputs everything that the result depends on, as plain data.
 * @param make fills the empty directory that it is given.
 * @returns the path of the finished directory.
 */
export async function cached(
    name: string,
    inputs: unknown,
    make: (dir: string) => Promise<void>,
): Promise<string> {
    const target = join(cacheRoot, `${name}-${contentKey(inputs)}`);
    if (existsSync(target)) return target;
    const parent = join(target, "..");
    await mkdir(parent, { recursive: true });
    const temporary = await mkdtemp(join(parent, ".making-"));
    await chmod(temporary, 0o755); // mkdtemp makes it private; some results are root file systems
    const start = Date.now();
    progress(`making ${name} ...`);
    try {
        await make(temporary);
        await rename(temporary, target).catch((error: NodeJS.ErrnoException) => {
            // Another process was faster: its result has the same content.
            if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
        });
    } finally {
        await rm(temporary, { recursive: true, force: true });
    }
    progress(`made ${name} in ${Math.round((Date.now() - start) / 1000)} s`);
    return target;
}
