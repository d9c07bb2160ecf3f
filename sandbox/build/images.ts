/**
 * The images of the upstream projects under their own names, as plain data: what their Dockerfiles say of how they run,
 * and of their files what pods use. test/unit/sandbox/build/dockerfiles.test.ts compares them with the Dockerfiles.
 */
import { lt } from "semver";
import type { ImageConfig } from "./archive";
import type { RootName } from "./debian";
import { KUBERNETES_VERSION, type Versions } from "./versions";

/** The image that holds a pod's namespaces. */
export const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

/** Where a file of an image comes from: a program of ours, or a file in one of the prepared directories. */
export type Source =
    | { program: string }
    | { text: string }
    | {
          from:
              | "cilium-runtime"
              | "cilium-files"
              | "tools"
              | "pause"
              | "busybox"
              | "node"
              | "workload-mtls";
          path: string;
      };

/** What one or more COPY instructions make. */
export interface LayerSpec {
    /** Numeric `user:group` of all that is in it. @default "0:0" */
    owner?: string;
    /** Directories with their modes. Others, of files, have 0755. */
    directories?: Record<string, number>;
    /** Path in the image -> source. */
    files?: Record<string, Source>;
    /** Path in the image -> target. */
    links?: Record<string, string>;
    /** Path in the image -> capabilities of the file, as setcap takes them. */
    capabilities?: Record<string, string>;
}

/** An upstream Dockerfile, in a Go module that can be read here. */
export interface Dockerfile {
    module: string;
    version: string;
    path: string;
    /** The last when absent. */
    stage?: string;
    /** Build arguments that upstream's build gives. */
    args?: Record<string, string>;
}

export interface ImageSpec {
    tag: string;
    /** What it is compared with: a Dockerfile of its project, or of this repository by its path. */
    upstream: Dockerfile | { own: string } | { unread: string };
    config: ImageConfig;
    layers: (LayerSpec | RootName)[];
}

/** What BuildKit gives an image that is built from nothing (dockerfile2llb, emptyImage). */
export const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
export const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
export const certificates: LayerSpec = {
    files: { [CERTIFICATES]: { from: "cilium-runtime", path: CERTIFICATES } },
};

/** What every cluster runs, whatever is installed on it. */
export const CLUSTER_IMAGES: readonly ImageSpec[] = [
    {
        tag: PAUSE_IMAGE,
        upstream: kubernetes("build/pause/Dockerfile", { BASE: "scratch", ARCH: "amd64" }),
        config: { Entrypoint: ["/pause"], User: "65535:65535", Env: [PATH] },
        layers: [{ files: { "/pause": { from: "pause", path: "pause" } } }],
    },
    {
        tag: "registry.k8s.io/coredns/coredns:v1.12.4",
        upstream: { module: "github.com/coredns/coredns", version: "1.12.4", path: "Dockerfile" },
        config: {
            Entrypoint: ["/coredns"],
            User: "nonroot:nonroot",
            Env: [PATH, `SSL_CERT_FILE=${CERTIFICATES}`],
        },
        layers: [
            certificates,
            {
                files: {
                    "/coredns": { program: "coredns" },
                    "/etc/passwd": { text: "nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n" },
                    "/etc/group": { text: "nonroot:x:65532:\n" },
                },
                capabilities: { "/coredns": "cap_net_bind_service=+ep" },
            },
        ],
    },
    {
        tag: "docker.io/rancher/local-path-provisioner:v0.0.30",
        upstream: {
            module: "github.com/rancher/local-path-provisioner",
            version: "0.0.30",
            path: "package/Dockerfile",
            args: { TARGETPLATFORM: "linux/amd64" },
        },
        config: { Cmd: ["local-path-provisioner"], Env: [PATH, "ARCH=amd64"] },
        layers: [{ files: usrBin(["local-path-provisioner"]) }],
    },
    {
        tag: "docker.io/library/busybox:1.35",
        upstream: {
            unread: "Docker's official images are in no Go module; pods name their command",
        },
        config: { Cmd: ["sh"], Env: [PATH] },
        layers: [
            {
                files: { "/bin/busybox": { from: "tools", path: "bin/busybox" } },
                links: Object.fromEntries(
                    ["sh", "cat", "chmod", "ls", "mkdir", "rm", "sleep", "wget"].map((applet) => [
                        `/bin/${applet}`,
                        "busybox",
                    ]),
                ),
            },
        ],
    },
    {
        tag: "registry.k8s.io/e2e-test-images/agnhost:2.56",
        upstream: kubernetes("test/images/agnhost/Dockerfile", { BASEIMAGE: "alpine:3.21" }),
        config: { Entrypoint: ["/agnhost"], Cmd: ["pause"], Env: [PATH] },
        layers: [
            { directories: { "/uploads": 0o755 }, files: { "/agnhost": { program: "agnhost" } } },
        ],
    },
];

/** The images of one version of Cilium and one of SPIRE. */
export function imageSpecs(versions: Versions): ImageSpec[] {
    return [
        ciliumAgent(versions.cilium),
        ciliumOperator(versions.cilium),
        // The server runs as a user of its own, the agent as root (Dockerfile, spireuid).
        spire("server", versions.spire, "1000:1000", "private"),
        spire("agent", versions.spire, "0:0", "public"),
    ];
}

function ciliumAgent(version: string): ImageSpec {
    const file = (path: string): Source => ({ from: "cilium-files", path });
    return {
        tag: `quay.io/cilium/cilium:v${version}`,
        upstream: cilium(version, "images/cilium/Dockerfile"),
        config: {
            Cmd: ["/usr/bin/cilium-dbg"],
            WorkingDir: "/home/cilium",
            Env: [PATH, "HUBBLE_SERVER=unix:///var/run/cilium/hubble.sock", "INITSYSTEM=SYSTEMD"],
        },
        layers: [
            "cilium-runtime",
            {
                directories: { "/home/cilium": 0o755 },
                files: {
                    ...usrBin([
                        "cilium-agent",
                        "cilium-dbg",
                        "cilium-health",
                        "cilium-health-responder",
                        "cilium-mount",
                        "cilium-sysctlfix",
                        "hubble",
                    ]),
                    "/opt/cni/bin/cilium-cni": { program: "cilium-cni" },
                    "/cni/loopback": { from: "cilium-runtime", path: "usr/lib/cni/loopback" },
                    "/var/lib/cilium/bpf": file("bpf"),
                    "/init-container.sh": file("init-container.sh"),
                    "/install-plugin.sh": file("install-plugin.sh"),
                    "/cni-uninstall.sh": file("cni-uninstall.sh"),
                },
                links: { "/usr/bin/cilium": "cilium-dbg" },
            },
        ],
    };
}

function ciliumOperator(version: string): ImageSpec {
    return {
        tag: `quay.io/cilium/operator-generic:v${version}`,
        upstream: {
            ...cilium(version, "images/operator/Dockerfile"),
            args: { OPERATOR_VARIANT: "operator-generic" },
        },
        config: {
            // Since 1.20 it runs nothing by itself; the chart names the command.
            ...(lt(version, "1.20.0") && { Cmd: ["/usr/bin/cilium-operator-generic"] }),
            Env: [PATH, "GOPS_CONFIG_DIR=/home/gops"],
        },
        layers: [
            certificates,
            {
                directories: { "/home/gops": 0o777 },
                files: usrBin(["cilium-operator-generic"]),
            },
        ],
    };
}

/** @param socketDir last part of the directories of its sockets. */
function spire(part: string, version: string, owner: string, socketDir: string): ImageSpec {
    const name = `spire-${part}`;
    const prepared = [
        "/opt/spire/bin",
        `/etc/spire/${part}`,
        `/run/spire/${part}/${socketDir}`,
        `/tmp/${name}/${socketDir}`,
        `/var/lib/spire/${part}`,
    ];
    return {
        tag: `ghcr.io/spiffe/${name}:${version}`,
        upstream: { module: "github.com/spiffe/spire", version, path: "Dockerfile", stage: name },
        config: {
            Entrypoint: [`/opt/spire/bin/${name}`, "run"],
            User: owner,
            WorkingDir: "/opt/spire",
            Env: [PATH],
        },
        layers: [
            certificates,
            {
                owner,
                directories: Object.fromEntries(prepared.map((path) => [path, 0o755])),
                files: { [`/opt/spire/bin/${name}`]: { program: name } },
            },
        ],
    };
}

export function kubernetes(path: string, args: Record<string, string>): Dockerfile {
    return { module: "k8s.io/kubernetes", version: KUBERNETES_VERSION, path, args };
}

function cilium(version: string, path: string): Dockerfile {
    return { module: "github.com/cilium/cilium", version, path, stage: "release" };
}

function usrBin(programs: string[]): Record<string, Source> {
    return Object.fromEntries(programs.map((program) => [`/usr/bin/${program}`, { program }]));
}
