import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Attempt, poll } from "@cilium-spire/entries-provider/poll";
import { tryLock } from "../host/lock";
import { cacheRoot } from "../host/paths";
import { progress, SOON } from "../host/shell";

/** How long to wait for another process that makes the same thing; the longest builds take minutes. */
const OTHER_BUILDER_DEADLINE_MS = 3_600_000;

/** What was asked for in the last hour stays, however much there is: who got its path may be about to use it. */
const JUST_USED_MS = 3_600_000;

/** Begins the name of a directory that is being removed. */
const REMOVED = ".removing-";

/** Which of the directories of one name stay in the cache; the others are removed. */
export interface Kept {
    /** Those that were asked for last; at least this many. */
    last: number;
    /** Whether one is in use, and stays however old it is. @default none is */
    isUsed?: (dir: string) => Promise<boolean>;
}

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
 * @param kept of large directories, how many of other inputs stay. @default all
 * @returns the path of the finished directory.
 */
export async function cached(
    name: string,
    inputs: unknown,
    make: (dir: string) => Promise<void>,
    kept?: Kept,
): Promise<string> {
    const target = targetOf(name, inputs);
    if (!kept && existsSync(target)) return target;
    const release = await lockBuild(name, target);
    try {
        if (!existsSync(target)) await makeInPlace(name, target, make);
        // Locked, so that nobody who found it old removes it after this.
        if (kept) await utimes(target, new Date(), new Date());
    } finally {
        release();
    }
    if (kept) await removeOld(name, kept);
    return target;
}

/** Removes the directories of a name that are not to be kept, and never one that another process makes. */
async function removeOld(name: string, { last, isUsed }: Kept): Promise<void> {
    const release = await tryLock(contentKey(["remove", targetOf(name, {})]));
    if (!release) return; // another process is at it
    try {
        const all = await directoriesOf(name);
        const isRemoved = (dir: string) => basename(dir).startsWith(REMOVED);
        // Left by a removal that was killed; they are in the way of the next one.
        for (const dir of all.filter(isRemoved)) await rm(dir, { recursive: true, force: true });
        const whole = all.filter((dir) => !isRemoved(dir));
        const times = new Map<string, number>();
        for (const dir of whole) times.set(dir, (await stat(dir)).mtimeMs);
        const old = whole.sort((a, b) => times.get(b)! - times.get(a)!).slice(last);
        for (const dir of old) {
            const out = await takeOut(dir, isUsed);
            if (out) await rm(out, { recursive: true, force: true });
        }
    } finally {
        release();
    }
}

/** Gives an old directory another name, under which nobody finds it, unless it is used after all. */
async function takeOut(dir: string, isUsed: Kept["isUsed"]): Promise<string | undefined> {
    const release = await tryLock(contentKey(dir));
    if (!release) return undefined; // somebody asks for it
    try {
        const { mtimeMs } = await stat(dir);
        if (Date.now() - mtimeMs < JUST_USED_MS || (await isUsed?.(dir))) return undefined;
        const out = join(dirname(dir), REMOVED + basename(dir));
        await rename(dir, out);
        progress(
            `removing ${basename(dir)} from the cache: not used since ${new Date(mtimeMs).toISOString()}`,
        );
        return out;
    } finally {
        release();
    }
}

/** What {@link cached} has made of this name, and what was being removed. */
async function directoriesOf(name: string): Promise<string[]> {
    const parent = dirname(targetOf(name, {}));
    const key = contentKey({});
    const isOf = (file: string) => {
        const whole = file.startsWith(REMOVED) ? file.slice(REMOVED.length) : file;
        const [rest, last] = [whole.slice(0, -key.length), whole.slice(-key.length)];
        return rest === `${basename(name)}-` && /^[0-9a-f]+$/.test(last);
    };
    return (await readdir(parent)).filter(isOf).map((file) => join(parent, file));
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
    const attempt = async (): Promise<Attempt<() => void>> => {
        const release = await tryLock(lock);
        return release ? { done: release } : { waitingFor: "its process has the lock" };
    };
    const start = Date.now();
    let said = false;
    const onWait = () => {
        // One that only looks at it is done in an instant.
        if (said || Date.now() - start < 1000) return;
        said = true;
        progress(`another process makes ${name}; waiting for it`);
    };
    const what = `end of another build of ${name}`;
    return await poll(OTHER_BUILDER_DEADLINE_MS, what, attempt, { ...SOON, onWait });
}
