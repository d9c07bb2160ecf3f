import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "../host/shell";

/** What runs when a pod names nothing else, as in the published image. */
export interface ImageConfig {
    Entrypoint?: string[];
    Cmd?: string[];
    Env?: string[];
    User?: string;
    WorkingDir?: string;
}

/** An image in an archive. */
export interface ArchivedImage {
    /** Full reference with registry and tag. */
    tag: string;
    config: ImageConfig;
    /** Digests of its layers (sha256, hexadecimal), lowest first. */
    layers: string[];
}

/** The files that describe the images in a docker-archive, beside the layers `<digest>.tar`. */
export function archiveFiles(
    images: readonly ArchivedImage[],
    architecture: string,
): Map<string, string> {
    const files = new Map<string, string>();
    const manifest = images.map(({ tag, config, layers }) => {
        const text = JSON.stringify({
            architecture,
            os: "linux",
            // A label with the reference gives images with equal content digests of their own: SPIRE's
            // selector k8s:pod-image must show the name that the pod asked for.
            config: { ...config, Labels: { "org.opencontainers.image.ref.name": tag } },
            rootfs: { type: "layers", diff_ids: layers.map((digest) => `sha256:${digest}`) },
        });
        const name = `${createHash("sha256").update(text).digest("hex")}.json`;
        files.set(name, text);
        return { Config: name, RepoTags: [tag], Layers: layers.map((digest) => `${digest}.tar`) };
    });
    files.set("manifest.json", JSON.stringify(manifest));
    return files;
}

/**
 * Packs a directory as a layer, with one owner and fixed times: equal content gives an equal digest.
 *
 * @param dir the layer's root.
 * @param into the directory of the archive's parts, where `<digest>.tar` appears.
 * @param owner numeric `user:group`.
 * @returns the layer's digest.
 */
export async function writeLayer(dir: string, into: string, owner = "0:0"): Promise<string> {
    const temporary = join(into, "layer.partial");
    const [user, group] = owner.split(":");
    const ownership = [`--owner=${user}`, `--group=${group}`, "--numeric-owner"];
    // Of a file's capabilities; tar leaves them out otherwise.
    const attributes = ["--xattrs", "--xattrs-include=security.capability"];
    const order = [
        "--sort=name",
        "--mtime=@0",
        "--format=posix",
        "--pax-option=delete=atime,delete=ctime",
    ];
    await run("tar", ["-C", dir, ...ownership, ...attributes, ...order, "-cf", temporary, "."], {
        timeoutMs: 300_000,
    });
    const hash = createHash("sha256");
    await pipeline(createReadStream(temporary), hash);
    const digest = hash.digest("hex");
    await rename(temporary, join(into, `${digest}.tar`));
    return digest;
}

/** Writes the archive out of the directory with its layers, which is consumed. */
export async function writeArchive(
    file: string,
    parts: string,
    images: readonly ArchivedImage[],
): Promise<void> {
    await mkdir(parts, { recursive: true });
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    for (const [name, text] of archiveFiles(images, architecture)) {
        await writeFile(join(parts, name), text);
    }
    await run("tar", ["-C", parts, "-cf", file, "."], { timeoutMs: 300_000 });
    await rm(parts, { recursive: true });
}
