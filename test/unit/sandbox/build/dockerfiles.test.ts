/**
 * The sandbox's images start as the published ones do: each is compared with the Dockerfile of its release, which lies in
 * the Go module that its programs are built from.
 */
import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ImageConfig } from "../../../../sandbox/build/archive";
import { dependencyDir } from "../../../../sandbox/build/binaries";
import { cached } from "../../../../sandbox/build/cache";
import {
    CLUSTER_IMAGES,
    type Dockerfile,
    type ImageSpec,
    imageSpecs,
    type LayerSpec,
} from "../../../../sandbox/build/images";
import {
    CONTROLLER_MANAGER_SPECS,
    GITOPS_SPECS,
    hubbleRelay,
    oidcDiscoveryProvider,
    WORKLOAD_MTLS_SPECS,
} from "../../../../sandbox/build/testImages";
import { buildableVersions, wantedVersions } from "../../../../sandbox/build/versions";
import { buildImage, type Built } from "../../../support/dockerfile";
import { read } from "../../../support/markdown";

/** Releases of SPIRE that Go's checksum database vouches for. Only some are built here; all have to start like ours. */
const SPIRE = ["1.10.4", "1.13.3", "1.14.5", "1.15.3"];

/** What BuildKit gives every image that is built from nothing, and what Alpine's image has. */
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Of the Node that tests run with, in pods too. */
const NODE_VERSION = process.versions.node;

/** Base images whose own Dockerfiles are in no Go module, as their projects publish them. */
const BASES: [RegExp, ImageConfig][] = [
    [/^scratch$/, { Env: [PATH] }],
    [/^alpine/, { Env: [PATH], Cmd: ["/bin/sh"] }],
    [
        /^gcr\.io\/distroless\/static(-debian12)?:nonroot(@|$)/,
        {
            Env: [PATH, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            User: "65532",
            WorkingDir: "/home/nonroot",
        },
    ],
    // As root: the tag without "nonroot".
    [
        /^gcr\.io\/distroless\/static$/,
        {
            Env: [PATH, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            User: "0",
            WorkingDir: "/",
        },
    ],
    // Distroless as well, as root, with a program that the image of kubectl does not start.
    [
        /^registry\.k8s\.io\/build-image\/go-runner$/,
        {
            Env: [PATH, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            User: "0",
            WorkingDir: "/",
            Entrypoint: ["/go-runner"],
        },
    ],
    // 22/bookworm-slim/Dockerfile of nodejs/docker-node.
    [
        new RegExp(`^node:${NODE_VERSION}-bookworm-slim$`),
        {
            Env: [PATH, `NODE_VERSION=${NODE_VERSION}`, "YARN_VERSION=1.22.22"],
            Entrypoint: ["docker-entrypoint.sh"],
            Cmd: ["node"],
        },
    ],
    // `FROM scratch` with everything copied in: images/runtime/Dockerfile.
    [/^quay\.io\/cilium\/cilium-runtime:/, { Env: [PATH] }],
];

function base(reference: string): ImageConfig {
    const found = BASES.find(([pattern]) => pattern.test(reference));
    if (!found) throw new Error(`what does the base image ${reference} run by itself? Add it here`);
    return structuredClone(found[1]);
}

/** The text of a Dockerfile; the modules that are not built here are downloaded for it once. */
async function textOf({ module, version, path }: Dockerfile): Promise<string> {
    const dir = await cached(`dockerfiles/${module}-${version}`, { path }, async (target) => {
        const source = await dependencyDir(`${module}@v${version}`, target);
        await cp(join(source, path), join(target, "Dockerfile"));
    });
    return await readFile(join(dir, "Dockerfile"), "utf8");
}

async function published(upstream: Dockerfile | { own: string }): Promise<Built> {
    if ("own" in upstream) return buildImage(read(upstream.own), {}, base);
    return buildImage(await textOf(upstream), upstream.args ?? {}, base, upstream.stage);
}

/** Every difference that a container could notice. */
function differences({ config, layers }: ImageSpec, upstream: Built): string[] {
    const own = layers.filter((layer): layer is LayerSpec => typeof layer === "object");
    const keys = ["Entrypoint", "Cmd", "User", "WorkingDir", "Env"] as const;
    const settings = keys.flatMap((key) => {
        const [ours, theirs] = [config, upstream.config].map((c) => normal(key, c[key]));
        return ours === theirs ? [] : [`${key} is ${ours}, upstream ${theirs}`];
    });
    const directories = Object.entries(upstream.directories).flatMap(([path, { owner, mode }]) => {
        const layer = own.find((each) => path in (each.directories ?? {}));
        const ours = `${layer?.owner ?? "0:0"} ${layer?.directories?.[path]?.toString(8) ?? "missing"}`;
        const theirs = `${owner} ${mode?.toString(8) ?? ""}`;
        // The directory of the program, which comes with it.
        const implied = layer === undefined && own.some((each) => holds(each, path));
        return ours === theirs || implied ? [] : [`${path} is ${ours}, upstream ${theirs}`];
    });
    const files = own.flatMap((layer) =>
        Object.keys(layer.files ?? {}).flatMap((path) => {
            const theirs = upstream.files[path];
            const ours = [layer.owner ?? "0:0", layer.capabilities?.[path]].join(" ");
            const wanted = [theirs?.owner, theirs?.capabilities].join(" ");
            return !theirs || ours === wanted ? [] : [`${path} is ${ours}, upstream ${wanted}`];
        }),
    );
    return [...settings, ...directories, ...files];
}

/** Whether something in the layer is below the directory, with the directory's owner. */
function holds(layer: LayerSpec, directory: string): boolean {
    const paths = [...Object.keys(layer.files ?? {}), ...Object.keys(layer.directories ?? {})];
    return paths.some((path) => path.startsWith(`${directory}/`));
}

/** A process notices neither the order of variables nor whether "/" was said. */
function normal(key: string, value: string | string[] | undefined): string {
    if (key === "Env") return JSON.stringify([...((value as string[] | undefined) ?? [])].sort());
    if (value === undefined || (key === "WorkingDir" && value === "/")) return "not set";
    return JSON.stringify(value);
}

const versions = wantedVersions();
const all = [
    ...CLUSTER_IMAGES,
    ...GITOPS_SPECS,
    ...CONTROLLER_MANAGER_SPECS,
    ...WORKLOAD_MTLS_SPECS,
    ...buildableVersions("cilium").flatMap((cilium) => [
        ...imageSpecs({ ...versions, cilium }).slice(0, 2),
        hubbleRelay(cilium),
    ]),
    ...SPIRE.flatMap((spire) => [
        ...imageSpecs({ ...versions, spire }).slice(2),
        oidcDiscoveryProvider(spire),
    ]),
];

describe("images start as published", () => {
    for (const spec of all) {
        const { upstream } = spec;
        if ("unread" in upstream) continue;
        test(spec.tag, async () => {
            assert.deepEqual(differences(spec, await published(upstream)), []);
        });
    }

    test("only the helper image of the storage provisioner has no Dockerfile to compare", () => {
        const unread = all.filter(({ upstream }) => "unread" in upstream).map(({ tag }) => tag);
        assert.deepEqual(unread, ["docker.io/library/busybox:1.35"]);
    });

    test("a difference is found: another entrypoint, user, directory or owner", async () => {
        const spec = imageSpecs(versions).find(({ tag }) => tag.includes("spire-server"))!;
        const upstream = await published(spec.upstream as Dockerfile);
        const [certificates, files] = spec.layers as LayerSpec[];
        const changed: [Partial<ImageSpec>, RegExp][] = [
            [
                { config: { ...spec.config, Entrypoint: spec.config.Entrypoint!.slice(0, 1) } },
                /^Entrypoint/,
            ],
            [
                { config: { ...spec.config, User: undefined } },
                /^User is not set, upstream "1000:1000"/,
            ],
            [
                { layers: [certificates!, { ...files, directories: {} }] },
                /^\/tmp\/spire-server\/private is/,
            ],
            [{ layers: [certificates!, { ...files, owner: "0:0" }] }, /^\/opt\/spire\/bin/],
        ];
        for (const [change, expected] of changed) {
            const found = differences({ ...spec, ...change }, upstream);
            assert.ok(
                found.some((each) => expected.test(each)),
                `${expected}: ${found.join("; ")}`,
            );
        }
    });
});
