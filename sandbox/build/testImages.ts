/** Images that some tests bring to a running sandbox. */
import { lt } from "semver";
import { KUBECTL_IMAGE } from "../../gitops/entryJob";
import { BUSYBOX_VERSION } from "./busybox";
import {
    CERTIFICATES,
    certificates,
    type ImageSpec,
    kubernetes,
    PATH,
    type Source,
} from "./images";

/** Nothing of these is published: they stand in for images that cannot be had. */
const unread = "of these tests alone";
const REPOSITORY = "localhost/cilium-spire-test";

/** What the pods of Cilium's acceptance tests (`cilium connectivity test`) run, by the flags that name their images. */
export const ACCEPTANCE_IMAGES = {
    "curl-image": `${REPOSITORY}/network-client:1`,
    "json-mock-image": `${REPOSITORY}/echo:1`,
    "dns-test-server-image": `${REPOSITORY}/dns:1`,
} as const;

/** Workloads that speak TLS by their SVIDs; one pod can serve and call. */
export const SVID_TLS: ImageSpec = {
    tag: `${REPOSITORY}/svid-tls:1`,
    upstream: { unread },
    config: { Entrypoint: ["/svid-tls"], User: "1000:1000", Env: [PATH] },
    layers: [{ files: { "/svid-tls": { program: "svid-tls" } } }],
};

/** As docs/backup.md says to make it, with PostgreSQL's client as well. */
export const BACKUP_IMAGE = `${REPOSITORY}/backup-tools:1`;

export const BACKUP_IMAGE_SPECS: readonly ImageSpec[] = [
    {
        tag: BACKUP_IMAGE,
        upstream: { unread },
        config: { Cmd: ["/bin/sh"], User: "1000:1000", Env: [PATH] },
        layers: ["backup-tools"],
    },
];

export const ACCEPTANCE_IMAGE_SPECS: readonly ImageSpec[] = [
    {
        // As quay.io/cilium/alpine-curl: curl, nslookup, nc, and a program that waits.
        tag: ACCEPTANCE_IMAGES["curl-image"],
        upstream: { unread },
        config: { Cmd: ["/usr/bin/pause"], Env: [PATH] },
        layers: [
            "network-client",
            { files: { "/usr/bin/pause": { from: "pause", path: "pause" } } },
        ],
    },
    {
        // As quay.io/cilium/json-mock: answers 200 at port 8080.
        tag: ACCEPTANCE_IMAGES["json-mock-image"],
        upstream: { unread },
        config: { Entrypoint: ["/agnhost", "netexec", "--http-port=8080"], Env: [PATH] },
        layers: [
            { directories: { "/uploads": 0o755 }, files: { "/agnhost": { program: "agnhost" } } },
        ],
    },
    {
        tag: ACCEPTANCE_IMAGES["dns-test-server-image"],
        upstream: { unread },
        config: { Entrypoint: ["/coredns"], Env: [PATH] },
        layers: [{ files: { "/coredns": { program: "coredns-local" } } }],
    },
];

/** What the init containers of Cilium's bundled SPIRE run, by the name that its chart has for it. */
export const BUNDLED_SPIRE_SPECS: readonly ImageSpec[] = [
    {
        tag: `docker.io/library/busybox:${BUSYBOX_VERSION}`,
        upstream: {
            unread: "Docker's official images are in no Go module; pods name their command",
        },
        config: { Cmd: ["sh"], Env: [PATH] },
        layers: [
            {
                files: Object.fromEntries(
                    ["bin/busybox", "lib", "lib64"].map((path) => [
                        `/${path}`,
                        { from: "busybox", path } as const,
                    ]),
                ),
                links: Object.fromEntries(
                    ["sh", "date", "grep", "nc", "pgrep", "sleep"].map((applet) => [
                        `/bin/${applet}`,
                        "busybox",
                    ]),
                ),
            },
        ],
    },
];

/** Hubble's relay of a version of Cilium. */
export function hubbleRelay(version: string): ImageSpec {
    const home = lt(version, "1.20.0") ? "/home/gops" : "/tmp";
    return {
        tag: `quay.io/cilium/hubble-relay:v${version}`,
        upstream: {
            module: "github.com/cilium/cilium",
            version,
            path: "images/hubble-relay/Dockerfile",
            stage: "release",
        },
        config: {
            Entrypoint: ["/usr/bin/hubble-relay"],
            Cmd: ["serve"],
            User: "65532:65532",
            WorkingDir: home === "/tmp" ? home : "/home/nonroot",
            Env: [PATH, `SSL_CERT_FILE=${CERTIFICATES}`, `GOPS_CONFIG_DIR=${home}`],
        },
        layers: [
            certificates,
            {
                directories: { "/tmp": 0o1777, ...(home !== "/tmp" && { [home]: 0o777 }) },
                files: { "/usr/bin/hubble-relay": { program: "hubble-relay" } },
            },
            { owner: "65532:65532", directories: { "/home/nonroot": 0o700 } },
        ],
    };
}

/** Where Debian has libraries. */
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
/** What starts Node, and what Node is linked with. */
const LOADER = "ld-linux-x86-64.so.2";
const NODE_LIBRARIES = [
    ...["libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0"],
    "libstdc++.so.6",
];

/** examples/workload-mtls, on what Node's official image has of Node. */
export const WORKLOAD_MTLS_SPECS: readonly ImageSpec[] = [
    {
        tag: "registry.example.org/workload-mtls:1",
        upstream: { own: "examples/workload-mtls/Dockerfile" },
        config: {
            Entrypoint: ["node"],
            Cmd: ["dist/server.js"],
            User: "1000:1000",
            WorkingDir: "/app",
            Env: [PATH, "NODE_VERSION=22.23.3", "YARN_VERSION=1.22.22"],
        },
        layers: [
            {
                files: {
                    "/usr/local/bin/node": { from: "node", path: "node" },
                    [`/lib64/${LOADER}`]: library(LOADER),
                    ...Object.fromEntries(
                        NODE_LIBRARIES.map((name) => [`/${LIBRARIES}/${name}`, library(name)]),
                    ),
                },
            },
            {
                files: Object.fromEntries(
                    ["dist", "node_modules", "workload.proto"].map((path) => [
                        `/app/${path}`,
                        { from: "workload-mtls", path } as const,
                    ]),
                ),
            },
        ],
    },
];

/** What a rendered stack runs besides Cilium and SPIRE. */
export const GITOPS_SPECS: readonly ImageSpec[] = [
    {
        tag: KUBECTL_IMAGE,
        upstream: kubernetes("build/server-image/kubectl/Dockerfile", {
            BASEIMAGE: "registry.k8s.io/build-image/go-runner",
            BINARY: "kubectl",
        }),
        config: {
            Entrypoint: ["/bin/kubectl"],
            User: "0",
            Env: [PATH, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
        },
        layers: [{ files: { "/bin/kubectl": { program: "kubectl" } } }],
    },
];

/** spire-controller-manager, of the Go module that the sandbox builds it from. */
export const CONTROLLER_MANAGER_SPECS: readonly ImageSpec[] = [
    {
        tag: "ghcr.io/spiffe/spire-controller-manager:0.6.3",
        upstream: {
            module: "github.com/spiffe/spire-controller-manager",
            version: "0.6.3",
            path: "Dockerfile",
            stage: "spire-controller-manager",
        },
        config: {
            Entrypoint: ["/spire-controller-manager"],
            Cmd: [],
            User: "0",
            Env: [PATH, `SSL_CERT_FILE=${CERTIFICATES}`],
        },
        layers: [
            certificates,
            { files: { "/spire-controller-manager": { program: "spire-controller-manager" } } },
        ],
    },
];

/** SPIRE's OIDC discovery provider. */
export function oidcDiscoveryProvider(version: string): ImageSpec {
    const program = "oidc-discovery-provider";
    return {
        tag: `ghcr.io/spiffe/${program}:${version}`,
        upstream: {
            module: "github.com/spiffe/spire",
            version,
            path: "Dockerfile",
            stage: program,
        },
        config: {
            Entrypoint: [`/opt/spire/bin/${program}`],
            User: "1000:1000",
            WorkingDir: "/opt/spire",
            Env: [PATH],
        },
        layers: [
            certificates,
            { owner: "1000:1000", files: { [`/opt/spire/bin/${program}`]: { program } } },
        ],
    };
}

function library(name: string): Source {
    return { from: "cilium-runtime", path: `${LIBRARIES}/${name}` };
}
