/** The repository's sources in another place. */
import { cp, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { repositoryRoot } from "../../sandbox/host/paths";

/** What a clone does not have before it is installed and built. */
const MADE = ["node_modules", "bin", "dist", "tsconfig.tsbuildinfo"];
/** What users of the program do not need. */
const NOT_SHIPPED = ["entries-provider", "sandbox", "test"];

/**
 * Copies what is shipped into a directory, as a clone after `npm ci` has it, to be changed by a test. The installed packages are
 * linked, and there is no build.
 *
 * @param dir exists and is empty.
 */
export async function clone(dir: string): Promise<void> {
    await copySources(dir, NOT_SHIPPED);
    await symlink(join(repositoryRoot, "node_modules"), join(dir, "node_modules"));
}

/**
 * Copies all sources into a directory, as a clone before `npm ci` has them.
 *
 * @param without names that are left out.
 */
export async function copySources(dir: string, without: string[] = []): Promise<void> {
    const leftOut = new Set([".git", ...MADE, ...without]);
    const filter = (source: string) => !leftOut.has(basename(source));
    await cp(repositoryRoot, dir, { recursive: true, filter });
}
