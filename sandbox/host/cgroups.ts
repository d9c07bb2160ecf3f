import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider/poll";
import { SOON } from "./shell";

/**
 * Every process of an instance lives in a cgroup of its own below `<instance>/`, entered before exec. So
 * the kernel itself keeps the account of what belongs to the sandbox: no pid files, which a kill leaves
 * stale and which point to a stranger once a pid is reused.
 */
const CGROUPS = "/sys/fs/cgroup";

/** Where the cgroup2 hierarchy is: alone on the machine, or beside cgroup v1 ("hybrid"). */
export function cgroup2Root(): string | undefined {
    return [CGROUPS, join(CGROUPS, "unified")].find((dir) => existsSync(join(dir, "cgroup.procs")));
}

/** The cgroup's directory in cgroup2. */
export function cgroupDir(cgroup: string): string {
    const root = cgroup2Root();
    if (!root)
        throw new Error(`no cgroup2 hierarchy is mounted at ${CGROUPS} or ${CGROUPS}/unified`);
    return join(root, cgroup);
}

/** The shell text that moves the shell into the cgroup and then becomes the command in `"$@"`. */
export function enterScript(cgroup: string): string {
    return `echo $$ > '${join(cgroupDir(cgroup), "cgroup.procs")}' && exec "$@"`;
}

/** Makes the cgroup in cgroup2. (A node makes its own in the other hierarchies.) */
export async function createCgroup(cgroup: string): Promise<void> {
    await mkdir(cgroupDir(cgroup), { recursive: true });
}

/** Pids in the cgroup and all below it; none when it does not exist. */
export async function cgroupPids(cgroup: string): Promise<number[]> {
    const pids: number[] = [];
    for (const dir of await tree(cgroupDir(cgroup))) {
        const text = await readFile(join(dir, "cgroup.procs"), "utf8").catch(() => "");
        pids.push(...text.split("\n").filter(Boolean).map(Number));
    }
    return pids;
}

/**
 * Kills everything in the cgroup at once and removes it from every hierarchy.
 *
 * @throws Error that names the processes which did not die within 30 s.
 */
export async function removeCgroup(cgroup: string): Promise<void> {
    const dir = cgroupDir(cgroup);
    if (existsSync(dir)) {
        await writeFile(join(dir, "cgroup.kill"), "1");
        const attempt = async () => {
            const pids = await cgroupPids(cgroup);
            return pids.length
                ? { waitingFor: `still alive: pids ${pids.join(", ")}` }
                : { done: true };
        };
        await poll(30_000, `end of the processes in cgroup ${cgroup}`, attempt, SOON);
    }
    for (const leftover of await cgroupDirs(cgroup)) {
        for (const inner of (await tree(leftover)).reverse()) {
            // A dying process keeps its cgroup busy for some milliseconds after it left the list.
            const attempt = () => rmdir(inner).then(() => ({ done: true }));
            await poll(10_000, `free cgroup ${inner}`, attempt, SOON);
        }
    }
}

/** The cgroup's directories in all mounted hierarchies, as far as they exist. */
export async function cgroupDirs(cgroup: string): Promise<string[]> {
    const roots = [CGROUPS, ...(await readdir(CGROUPS)).map((name) => join(CGROUPS, name))];
    return roots.map((root) => join(root, cgroup)).filter((dir) => existsSync(dir));
}

/** A directory and all below it, parents first; empty when it does not exist. */
async function tree(dir: string): Promise<string[]> {
    const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
    if (!existsSync(dir)) return [];
    const inner = entries.filter((e) => e.isDirectory()).map((e) => tree(join(dir, e.name)));
    return [dir, ...(await Promise.all(inner)).flat()];
}
