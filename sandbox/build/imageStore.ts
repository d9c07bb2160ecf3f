import { cp, mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { cached } from "./cache";
import { ensureTools } from "./debian";
import type { Instance } from "../host/instance";
import { IMAGES_FILE, resolveImages, writeImages } from "./imageArchive";
import { stateRoot } from "../host/paths";
import { run } from "../host/shell";
import { type Versions, wantedVersions } from "./versions";

/** containerd's databases: the only files below its directory that are ever written in place. */
const DATABASES = /\.db$/;

/** In the state directory of an instance, the link to its store. */
const LINK = "images";

/**
 * Stores that the cache keeps, of 2 to 4 GB: those of `dev`, of the tests that upgrade, and of two versions somebody is
 * at work with.
 */
const KEPT_STORES = 4;

/** Imports the archive with a containerd that lives as long as this script. */
const IMPORT_SCRIPT = `
mount -t tmpfs tmpfs /run
cat > /run/config.toml <<END
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
root = "$STORE"
state = "/run/containerd"
[grpc]
address = "/run/containerd.sock"
END
containerd --log-level error -c /run/config.toml >&2 &
for _ in $(seq 100); do [ -S /run/containerd.sock ] && break; sleep 0.1; done
ctr -a /run/containerd.sock -n k8s.io images import "$ARCHIVE"
kill $! && wait || true
`;

/**
 * A containerd data directory into which all images were imported and unpacked once. Each node starts
 * from a copy (see {@link copyImageStore}) instead of importing 1 GB by itself.
 *
 * Of those that were asked for before, the cache keeps the last few, and those of sandboxes that are there.
 *
 * @param versions of Cilium and SPIRE. @default those of the stack `dev`
 */
export async function ensureImageStore(
    versions: readonly Versions[] = [wantedVersions()],
): Promise<string> {
    const images = await resolveImages(versions);
    const tools = await ensureTools();
    const make = async (dir: string) => {
        const archives = join(dir, "archives");
        await mkdir(archives);
        await writeImages(images, archives);
        const file = join(archives, IMAGES_FILE);
        const env = { STORE: dir, ARCHIVE: file, PATH: toolPath(tools) };
        const isolated = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
        const script = ["sh", "-euc", IMPORT_SCRIPT];
        await run("unshare", [...isolated, ...script], { env, timeoutMs: 600_000 });
        await rm(archives, { recursive: true }); // all of it is in the store
    };
    const inputs = { images, tools, IMPORT_SCRIPT };
    return cached("image-store", inputs, make, { last: KEPT_STORES, isUsed: isNodes });
}

/** Whether the nodes of a sandbox start with this store. */
export async function isNodes(store: string): Promise<boolean> {
    const names = await readdir(stateRoot).catch(() => []);
    const links = names.map((name) => readlink(join(stateRoot, name, LINK)).catch(() => undefined));
    return (await Promise.all(links)).includes(store);
}

/**
 * Gives an instance its images: those with which its nodes start, also the ones that join later.
 *
 * @throws Error when it has others already, which its nodes run.
 */
export async function useStore(instance: Instance, store: string): Promise<void> {
    const used = await storeOf(instance).catch(() => undefined);
    if (used === store) return;
    if (used) {
        throw new Error(
            `sandbox ${instance.number} runs with images of other versions; remove it first (make down), or choose another --instance`,
        );
    }
    await mkdir(instance.stateDir, { recursive: true });
    await symlink(store, storeLink(instance));
}

/** The store of an instance's nodes. */
export async function storeOf(instance: Instance): Promise<string> {
    return await readlink(storeLink(instance));
}

function storeLink(instance: Instance): string {
    return join(instance.stateDir, LINK);
}

/** `PATH` with the unpacked Debian tools first. */
export function toolPath(tools: string): string {
    const own = ["usr/bin", "usr/sbin", "bin", "sbin"].map((dir) => join(tools, dir));
    return [...own, process.env.PATH].join(":");
}

/**
 * Gives a node its own copy of the store, in a second and without disk space: hard links for blobs and
 * unpacked layers, which nobody writes to (containers write to layers of their own), true copies of the
 * databases.
 *
 * @param target must not exist; on another file system than the cache it becomes a full copy.
 */
export async function copyImageStore(store: string, target: string): Promise<void> {
    await mkdir(join(target, ".."), { recursive: true });
    await run("cp", ["-a", "--link", store, target]).catch(async () => {
        await run("rm", ["-rf", target]);
        await run("cp", ["-a", store, target]);
    });
    // With types, because it follows links to directories otherwise: out of an image's /dev/fd, to our own open files.
    const entries = await readdir(target, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
        const file = relative(target, join(entry.parentPath, entry.name));
        // Two levels below the plugins' directories; the layers themselves are not searched twice.
        if (!DATABASES.test(file) || file.includes("/snapshots/")) continue;
        await cp(join(store, file), `${join(target, file)}.copy`);
        await run("mv", [`${join(target, file)}.copy`, join(target, file)]);
    }
}
