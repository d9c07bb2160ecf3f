/** A support bundle as a file. */
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { create } from "tar";
import type { Files } from "./collect";

/**
 * Makes a file of its own: a bundle that is there stays.
 *
 * @throws Error when the file exists already, or cannot be made. To be called before anything is collected.
 */
export async function reserve(file: string): Promise<void> {
    try {
        await (await open(file, "wx", 0o600)).close();
    } catch (error) {
        const { code } = error as { code?: string };
        const why =
            code === "EEXIST" ? "exists already; name another file" : `cannot be made: ${code}`;
        throw new Error(`--bundle: ${file} ${why}`, { cause: undefined });
    }
}

/** Writes a gzipped tar archive, with all files in one directory that has the archive's name. Only its owner can read it. */
export async function writeBundle(file: string, files: Files): Promise<void> {
    const top = basename(file).replace(/\.(tgz|tar\.gz)$/, "");
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-bundle-"));
    try {
        for (const [path, text] of files) {
            const target = join(dir, top, path);
            await mkdir(dirname(target), { recursive: true });
            await writeFile(target, text, { mode: 0o600 });
        }
        await create({ gzip: true, file, cwd: dir, portable: true, mode: 0o600 }, [top]);
    } finally {
        await rm(dir, { recursive: true, force: true });
    }
}
