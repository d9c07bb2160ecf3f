/** Makes the archive of images out of their description in images.ts. */
import { chmod, cp, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeArchive, writeLayer, type ArchivedImage } from "./archive";
import { dependencyDir, ensureBinary, moduleSource } from "./binaries";
import { ensureBusybox } from "./busybox";
import { cached } from "./cache";
import { ensureRoot, ensureTools, type RootName } from "./debian";
import { ensureWorkloadMtls } from "./nodeProgram";
import { CLUSTER_IMAGES, type ImageSpec, imageSpecs, type LayerSpec, type Source } from "./images";
import { repositoryRoot } from "../host/paths";
import { run } from "../host/shell";
import { KUBERNETES_VERSION, moduleName, type Versions, wantedVersions } from "./versions";

/** The name of an archive in its directory. */
export const IMAGES_FILE = "images.tar";
/** Archives of test images that the cache keeps: those of all tests. */
const KEPT_TEST_IMAGES = 6;

/** A layer whose sources are files of this machine: all that its content depends on. */
type Layer =
    | { directory: string }
    | (Omit<LayerSpec, "files"> & { files: Record<string, string | { text: string }> });

/** An image whose layers are files of this machine: all that its content depends on. */
export type ResolvedImage = Pick<ImageSpec, "tag" | "config"> & { layers: Layer[] };

/** The images of a cluster with these versions, whose programs are built first where the cache does not have them. */
export async function resolveImages(versions: readonly Versions[]): Promise<ResolvedImage[]> {
    const all: ResolvedImage[] = [];
    for (const each of versions) {
        for (const image of all.length
            ? imageSpecs(each)
            : [...CLUSTER_IMAGES, ...imageSpecs(each)]) {
            if (all.some(({ tag }) => tag === image.tag)) continue;
            all.push(await resolveImage(image, each));
        }
    }
    return all;
}

/** The docker-archive with images that a test needs, besides those of a cluster. */
export async function ensureTestImageArchive(images: readonly ImageSpec[]): Promise<string> {
    const versions = wantedVersions();
    const resolved = await Promise.all(images.map((image) => resolveImage(image, versions)));
    const dir = await cached("test-images", resolved, (target) => writeImages(resolved, target), {
        last: KEPT_TEST_IMAGES,
    });
    return join(dir, IMAGES_FILE);
}

/**
 * Writes the docker-archive with these images, {@link IMAGES_FILE}.
 *
 * @param dir an empty directory.
 */
export async function writeImages(images: readonly ResolvedImage[], dir: string): Promise<void> {
    const parts = join(dir, "parts");
    const digests = new Map<string, string>();
    const archived: ArchivedImage[] = [];
    for (const { tag, config, layers } of images) {
        const image: ArchivedImage = { tag, config, layers: [] };
        for (const layer of layers) {
            const key = JSON.stringify(layer);
            const digest = digests.get(key) ?? (await packLayer(layer, parts));
            digests.set(key, digest);
            image.layers.push(digest);
        }
        archived.push(image);
    }
    await writeArchive(join(dir, IMAGES_FILE), parts, archived);
}

async function resolveImage(image: ImageSpec, of: Versions): Promise<ResolvedImage> {
    const { tag, config } = image;
    const layers = await Promise.all(image.layers.map((layer) => resolveLayer(layer, of)));
    return { tag, config, layers };
}

async function resolveLayer(layer: LayerSpec | RootName, of: Versions): Promise<Layer> {
    if (typeof layer === "string") return { directory: await ensureRoot(layer) };
    const resolved = Object.entries(layer.files ?? {}).map(
        async ([path, source]) => [path, await resolve(source, of)] as const,
    );
    return { ...layer, files: Object.fromEntries(await Promise.all(resolved)) };
}

async function resolve(source: Source, versions: Versions): Promise<string | { text: string }> {
    if ("text" in source) return source;
    if ("program" in source) return await ensureBinary(source.program, versions);
    const directories = {
        "cilium-runtime": () => ensureRoot("cilium-runtime"),
        "cilium-files": () => ensureCiliumFiles(versions),
        tools: ensureTools,
        pause: ensurePause,
        node: () => Promise.resolve(join(repositoryRoot, "node_modules", "node", "bin")),
        "workload-mtls": ensureWorkloadMtls,
        busybox: ensureBusybox,
    };
    // A library may be a link to the file with its version, which the image has not.
    return await realpath(join(await directories[source.from](), source.path));
}

/** What the agent's image takes from Cilium's source: BPF programs, which it compiles, and scripts. */
async function ensureCiliumFiles(versions: Versions): Promise<string> {
    return cached(`cilium-files-${versions.cilium}`, {}, async (dir) => {
        const module = moduleSource(moduleName("cilium", versions));
        const source = await dependencyDir("github.com/cilium/cilium", module);
        const plugin = ["install-plugin.sh", "cni-uninstall.sh"].map(
            (f) => `plugins/cilium-cni/${f}`,
        );
        for (const path of ["bpf", "images/cilium/init-container.sh", ...plugin]) {
            await cp(join(source, path), join(dir, basename(path)), { recursive: true });
        }
        await run("chmod", ["-R", "u+w", dir]); // the module cache is read-only
    });
}

/** The pause program, compiled from the source in the Kubernetes module. */
async function ensurePause(): Promise<string> {
    return cached("bin/pause", { KUBERNETES_VERSION }, async (dir) => {
        const kubernetes = await dependencyDir("k8s.io/kubernetes", moduleSource("kubernetes"));
        const source = join(kubernetes, "build", "pause", "linux", "pause.c");
        await run("gcc", ["-Os", "-static", "-DVERSION=3.10", "-o", join(dir, "pause"), source]);
    });
}

async function packLayer(layer: Layer, parts: string): Promise<string> {
    await mkdir(parts, { recursive: true });
    if ("directory" in layer) return writeLayer(layer.directory, parts);
    const staging = join(parts, "..", "staging");
    await mkdir(staging);
    await chmod(staging, 0o755);
    for (const [path, source] of Object.entries(layer.files)) {
        const target = join(staging, path);
        await mkdir(dirname(target), { recursive: true });
        const whole = { recursive: true, verbatimSymlinks: true };
        if (typeof source === "string") await cp(source, target, whole);
        else await writeFile(target, source.text);
    }
    // Sources in the Go module cache are read-only and not executable.
    await run("chmod", ["-R", "u+w,a+rX", staging]);
    const scripts = Object.keys(layer.files).filter((path) => path.endsWith(".sh"));
    for (const script of scripts) await chmod(join(staging, script), 0o755);
    for (const [path, mode] of Object.entries(layer.directories ?? {})) {
        await mkdir(join(staging, path), { recursive: true });
        await chmod(join(staging, path), mode);
    }
    for (const [path, target] of Object.entries(layer.links ?? {})) {
        await symlink(target, join(staging, path));
    }
    for (const [path, capabilities] of Object.entries(layer.capabilities ?? {})) {
        await run("setcap", [capabilities, join(staging, path)]);
    }
    const digest = await writeLayer(staging, parts, layer.owner);
    await rm(staging, { recursive: true });
    return digest;
}
