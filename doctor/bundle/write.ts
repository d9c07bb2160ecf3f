/** A support bundle as a file. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { create } from "tar";
import { reserveFile } from "../reserveFile";
import type { Files } from "./collect";

/**
 * Makes a file of its own: a bundle that is there stays.
 *
 * @throws Error when the file exists already, or cannot be made. To be called before anything is collected.
 */
export async function reserve(file: string): Promise<void> {
    const isNew = await reserveFile(file).catch((error: unknown) => {
        const { code } = error as NodeJS.ErrnoException;
        throw new Error(`--bundle: ${file} cannot be made: ${code}`);
    });
    if (!isNew) throw new Error(`--bundle: ${file} exists already; name another file`);
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
