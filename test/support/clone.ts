/** The repository's sources in another place, as a clone after `npm ci` has them, to be changed by a test. */
import { cp, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { repositoryRoot } from "../../sandbox/host/paths";

const LEFT_OUT = new Set([".git", "node_modules", "bin", "entries-provider", "sandbox", "test"]);

/**
 * Copies what is shipped into a directory, and links the installed packages. There is no build.
 *
 * @param dir exists and is empty.
 */
export async function clone(dir: string): Promise<void> {
    const filter = (source: string) => !LEFT_OUT.has(basename(source));
    await cp(repositoryRoot, dir, { recursive: true, filter });
    await symlink(join(repositoryRoot, "node_modules"), join(dir, "node_modules"));
}
