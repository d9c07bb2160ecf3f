import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * The root of the source tree. The compiled code runs from `bin/sandbox`, but go.mod files, manifests
 * and shell scripts are only in the source tree, so the root is found by its package.json.
 */
export const repositoryRoot = findRepositoryRoot(__dirname);

/** The sandbox's sources: modules, manifests, scripts. */
export const sandboxSources = join(repositoryRoot, "sandbox");

/** Everything that can be built again: binaries, images, charts. Shared by all instances. */
export const cacheRoot = join(
    process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    "cilium-spire",
);

/** What Cilium's agents have compiled (sandbox/build/clang.sh), on any node. */
export const compiledDir = join(cacheRoot, "ccache");

/** Running instances: keys, etcd data, node disks, logs. `down` empties it. */
export const stateRoot = join(
    process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"),
    "cilium-spire",
);

function findRepositoryRoot(start: string): string {
    for (let dir = start; ; dir = dirname(dir)) {
        const file = join(dir, "package.json");
        if (existsSync(file)) {
            const { name } = JSON.parse(readFileSync(file, "utf8")) as { name?: string };
            if (name === "cilium-spire") return dir;
        }
        if (dir === dirname(dir)) throw new Error(`no cilium-spire source tree above ${start}`);
    }
}
