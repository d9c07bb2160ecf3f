/** The folder that a rendering is written to, and kept apart from what is somebody else's. */
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ownerOf, type StackId } from "../components/owner";
import type { EntryIds } from "./entries";
import type { Files } from "./manifest";

/** Says whose a folder is, and which files in it. */
export const MARKER = "cilium-spire.json";

interface Marker extends EntryIds {
    /** Of the stack, as it signs all that is its own. */
    owner: string;
    files: string[];
}

/** A folder that may be written to. */
export interface Target {
    /** IDs of entries that an earlier rendering has written or deleted. */
    formerly: string[];
    /** Files that an earlier rendering has written. */
    files: string[];
}

/** What a rendering changed. */
export interface Written {
    written: string[];
    removed: string[];
    unchanged: number;
}

/**
 * Looks at a folder, which may not be there yet.
 *
 * @throws Error when something in it was not rendered from this stack.
 */
export async function inspect(dir: string, id: StackId): Promise<Target> {
    const found = await filesIn(dir);
    if (found.length === 0) return { formerly: [], files: [] };
    if (!found.includes(MARKER)) {
        throw new Error(
            `${dir} has files that "render" did not write, such as ${found[0]}; name a folder that is empty or not there yet`,
        );
    }
    const marker = await readMarker(join(dir, MARKER));
    const owner = ownerOf(id);
    if (marker.owner !== owner) {
        throw new Error(
            `${dir} is rendered from ${marker.owner}, not from ${owner}; name another folder`,
        );
    }
    const own = new Set([MARKER, ...marker.files]);
    const foreign = found.filter((file) => !own.has(file));
    if (foreign.length > 0) {
        throw new Error(
            `${dir} has files that "render" did not write, and Flux and Argo CD would apply them with its own: ${foreign.slice(0, 5).join(", ")}; move them to a folder beside it`,
        );
    }
    return { formerly: [...marker.entries, ...marker.removed], files: marker.files };
}

/** Writes what differs, and removes what an earlier rendering has written and this one has not. */
export async function write(
    dir: string,
    files: Files,
    id: StackId,
    ids: EntryIds,
    { files: before }: Target,
): Promise<Written> {
    const names = [...files.keys()].sort();
    const stale = before.filter((file) => !files.has(file));
    const marker = (of: string[]): string =>
        `${JSON.stringify({ owner: ownerOf(id), files: of, ...ids } satisfies Marker, null, 4)}\n`;
    await mkdir(dir, { recursive: true });
    // Until all is done it names old and new: whatever ends this in the middle, the next rendering knows its own.
    const texts = await Promise.all(names.map((file) => textOf(join(dir, file))));
    const changed = names.filter((file, i) => texts[i] !== files.get(file));
    if (changed.length > 0 || stale.length > 0) {
        await writeFile(join(dir, MARKER), marker([...new Set([...names, ...before])].sort()));
    }
    for (const file of changed) {
        await mkdir(dirname(join(dir, file)), { recursive: true });
        await writeFile(join(dir, file), files.get(file)!);
    }
    for (const file of stale) {
        await rm(join(dir, file), { force: true });
        await removeEmpty(dir, dirname(file));
    }
    if ((await textOf(join(dir, MARKER))) !== marker(names)) {
        await writeFile(join(dir, MARKER), marker(names));
    }
    return { written: changed, removed: stale, unchanged: names.length - changed.length };
}

/** Folders up to the top in which nothing is left. */
async function removeEmpty(dir: string, folder: string): Promise<void> {
    for (let at = folder; at !== "."; at = dirname(at)) {
        try {
            await rmdir(join(dir, at));
        } catch {
            return;
        }
    }
}

/** Paths of all that is no folder, links included, in their order; none when the folder is not there. */
async function filesIn(dir: string): Promise<string[]> {
    try {
        const entries = await readdir(dir, { recursive: true, withFileTypes: true });
        return entries
            .filter((entry) => !entry.isDirectory())
            .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
            .map((path) => path.split(sep).join("/"))
            .sort();
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
    }
}

async function readMarker(file: string): Promise<Marker> {
    const marker = JSON.parse(await readFile(file, "utf8")) as Partial<Marker>;
    const { owner, files, entries, removed } = marker;
    const lists = [files, entries, removed].map((list) => Array.isArray(list));
    // What it names may be removed: nothing outside of the folder.
    const escapes = (path: unknown) =>
        typeof path !== "string" || /^\/|\\|(^|\/)\.\.(\/|$)/.test(path);
    if (typeof owner !== "string" || lists.includes(false) || files!.some(escapes)) {
        throw new Error(`${file} is not as "render" writes it; restore it, or name another folder`);
    }
    return marker as Marker;
}

async function textOf(file: string): Promise<string | undefined> {
    try {
        return await readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
    }
}
