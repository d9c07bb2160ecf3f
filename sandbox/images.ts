import { chmod, cp, mkdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeArchive, writeLayer, type ArchivedImage, type ImageConfig } from "./archive";
import {
    CILIUM_VERSION,
    KUBERNETES_VERSION,
    SPIRE_VERSION,
    ensureBinary,
    dependencyDir,
    moduleSource,
} from "./binaries";
import { cached } from "./cache";
import { ensureCiliumRuntime, ensureTools } from "./debian";
import { run } from "./shell";

/** The image that holds a pod's namespaces. */
export const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

/** A layer: a whole directory, or files (path in the image -> source) and symbolic links. */
type Layer =
    { directory: string } | { files: Record<string, string>; links?: Record<string, string> };

interface Image {
    tag: string;
    config: ImageConfig;
    layers: Layer[];
}

/** The images of the upstream projects under their own names, with what their pods use of them. */
async function images(): Promise<Image[]> {
    const spire = async (name: string): Promise<Image> => ({
        tag: `ghcr.io/spiffe/${name}:${SPIRE_VERSION}`,
        config: { Entrypoint: [`/opt/spire/bin/${name}`], WorkingDir: "/opt/spire" },
        layers: [{ files: { [`/opt/spire/bin/${name}`]: await ensureBinary(name) } }],
    });
    const single = async (tag: string, name: string, config: ImageConfig = {}): Promise<Image> => ({
        tag,
        config: { Entrypoint: [`/${name}`], ...config },
        layers: [{ files: { [`/${name}`]: await ensureBinary(name) } }],
    });
    return [
        {
            tag: PAUSE_IMAGE,
            config: { Entrypoint: ["/pause"], User: "65535:65535" },
            layers: [{ files: { "/pause": join(await ensurePause(), "pause") } }],
        },
        ...(await ciliumImages()),
        await spire("spire-server"),
        await spire("spire-agent"),
        await single("registry.k8s.io/coredns/coredns:v1.12.4", "coredns"),
        await single("registry.k8s.io/e2e-test-images/agnhost:2.56", "agnhost", { Cmd: ["pause"] }),
        {
            tag: "docker.io/rancher/local-path-provisioner:v0.0.30",
            config: { Entrypoint: ["/usr/bin/local-path-provisioner"] },
            layers: [{ files: await usrBin(["local-path-provisioner"]) }],
        },
        {
            tag: "docker.io/library/busybox:1.35",
            config: { Cmd: ["sh"] },
            layers: [
                {
                    files: { "/bin/busybox": join(await ensureTools(), "bin", "busybox") },
                    links: Object.fromEntries(
                        ["sh", "cat", "chmod", "ls", "mkdir", "rm", "sleep", "wget"].map(
                            (applet) => [`/bin/${applet}`, "busybox"],
                        ),
                    ),
                },
            ],
        },
    ];
}

/** Agent and operator, on one Debian layer. */
async function ciliumImages(): Promise<Image[]> {
    const source = await ensureCiliumFiles();
    const runtime = await ensureCiliumRuntime();
    const agent: Layer = {
        files: {
            ...(await usrBin([
                "cilium-agent",
                "cilium-dbg",
                "cilium-health",
                "cilium-health-responder",
                "cilium-mount",
                "cilium-sysctlfix",
            ])),
            "/opt/cni/bin/cilium-cni": await ensureBinary("cilium-cni"),
            "/cni/loopback": join(runtime, "usr", "lib", "cni", "loopback"),
            "/var/lib/cilium/bpf": join(source, "bpf"),
            "/init-container.sh": join(source, "init-container.sh"),
            "/install-plugin.sh": join(source, "install-plugin.sh"),
            "/cni-uninstall.sh": join(source, "cni-uninstall.sh"),
        },
        links: { "/usr/bin/cilium": "cilium-dbg" },
    };
    return [
        {
            tag: `quay.io/cilium/cilium:v${CILIUM_VERSION}`,
            config: { Cmd: ["/usr/bin/cilium-dbg"], Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] },
            layers: [{ directory: runtime }, agent],
        },
        {
            tag: `quay.io/cilium/operator-generic:v${CILIUM_VERSION}`,
            config: { Cmd: ["/usr/bin/cilium-operator-generic"] },
            layers: [{ directory: runtime }, { files: await usrBin(["cilium-operator-generic"]) }],
        },
    ];
}

async function usrBin(names: string[]): Promise<Record<string, string>> {
    const entries = names.map(async (n) => [`/usr/bin/${n}`, await ensureBinary(n)] as const);
    return Object.fromEntries(await Promise.all(entries));
}

/** What the agent's image takes from Cilium's source: BPF programs, which it compiles, and scripts. */
async function ensureCiliumFiles(): Promise<string> {
    return cached(`cilium-files-${CILIUM_VERSION}`, {}, async (dir) => {
        const source = await dependencyDir("github.com/cilium/cilium", moduleSource("cilium"));
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

/** The docker-archive with all images; `docker load` and `kind load image-archive` read it, too. */
export async function ensureImageArchive(): Promise<string> {
    const all = await images();
    const dir = await cached("images", all, async (target) => {
        const parts = join(target, "parts");
        const digests = new Map<string, string>();
        const archived: ArchivedImage[] = [];
        for (const { tag, config, layers } of all) {
            const image: ArchivedImage = { tag, config, layers: [] };
            for (const layer of layers) {
                const key = JSON.stringify(layer);
                const digest = digests.get(key) ?? (await packLayer(layer, parts));
                digests.set(key, digest);
                image.layers.push(digest);
            }
            archived.push(image);
        }
        await writeArchive(join(target, "images.tar"), parts, archived);
    });
    return join(dir, "images.tar");
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
        await cp(source, target, { recursive: true });
    }
    for (const [path, target] of Object.entries(layer.links ?? {})) {
        await symlink(target, join(staging, path));
    }
    // Sources in the Go module cache are read-only and not executable.
    await run("chmod", ["-R", "u+w,a+rX", staging]);
    const scripts = Object.keys(layer.files).filter((path) => path.endsWith(".sh"));
    for (const script of scripts) await chmod(join(staging, script), 0o755);
    const digest = await writeLayer(staging, parts);
    await rm(staging, { recursive: true });
    return digest;
}
