import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { poll } from "@cilium-spire/entries-provider/poll";
import { tryLock } from "../host/lock";
import { cacheRoot } from "../host/paths";
import { progress, SOON } from "../host/shell";

/** How long to wait for another process that makes the same thing; the longest builds take minutes. */
const OTHER_BUILDER_DEADLINE_MS = 3_600_000;

/** A short key that changes when anything in the (JSON) value does. */
export function contentKey(inputs: unknown): string {
    return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

/** Whether {@link cached} would find the directory made. */
export function isCached(name: string, inputs: unknown): boolean {
    return existsSync(targetOf(name, inputs));
}

function targetOf(name: string, inputs: unknown): string {
    return join(cacheRoot, `${name}-${contentKey(inputs)}`);
}

/**
 * A directory in the cache that is made once per content of its inputs.
 *
 * The directory appears complete or not at all: it is made under another name and renamed, so a killed
 * build leaves nothing that a later run would take for finished. Two callers that want the same at the
 * same time, in one process or two, make it once.
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
    const target = targetOf(name, inputs);
    if (existsSync(target)) return target;
    const release = await lockBuild(name, target);
    try {
        if (!existsSync(target)) await makeInPlace(name, target, make);
    } finally {
        release();
    }
    return target;
}

async function makeInPlace(
    name: string,
    target: string,
    make: (dir: string) => Promise<void>,
): Promise<void> {
    const temporary = join(dirname(target), `.making-${basename(target)}`);
    const start = Date.now();
    progress(`making ${name} ...`);
    await rm(temporary, { recursive: true, force: true }); // of a build that was killed
    await mkdir(temporary, { recursive: true });
    await chmod(temporary, 0o755); // whatever the umask: some results are root file systems
    try {
        await make(temporary);
        await rename(temporary, target);
    } finally {
        await rm(temporary, { recursive: true, force: true });
    }
    progress(`made ${name} in ${Math.round((Date.now() - start) / 1000)} s`);
}

async function lockBuild(name: string, target: string): Promise<() => void> {
    const lock = contentKey(target);
    let release = await tryLock(lock);
    if (!release) {
        progress(`another process makes ${name}; waiting for it`);
        const attempt = async () => {
            release = await tryLock(lock);
            return release ? { done: true } : { waitingFor: "its process has the lock" };
        };
        await poll(OTHER_BUILDER_DEADLINE_MS, `end of another build of ${name}`, attempt, SOON);
    }
    return release!;
}
