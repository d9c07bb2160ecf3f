import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { cached } from "./cache";
import { sandboxSources } from "./paths";
import { run } from "./shell";
import { KUBERNETES_VERSION, moduleName, type Versions, wantedVersions } from "./versions";

const PULUMI_VERSION = "3.250.0";

/** One `go build`: some commands of one module, with the same flags. */
interface Build {
    /** Directory below modules/ with go.mod and go.sum. */
    module: string;
    /** File name of the result -> package. */
    commands: Record<string, string>;
    /** Linker variables, `package.Name=value` without single quotes. */
    variables?: string[];
    tags?: string;
    /** Needs a C compiler. All others are without C, as upstream has them, and share what the Go tool compiles. */
    cgo?: true;
    /** A file of a dependency that go:embed needs beside main.go: Go embeds from its own module only. */
    embed?: { module: string; path: string };
    /** Of one test, which asks for it when it runs. */
    onDemand?: true;
}

const kubernetes = "k8s.io/kubernetes";
const cilium = "github.com/cilium/cilium";
/** Runs beside us in the end-to-end tests. */
export const CONTROLLER_MANAGER = "github.com/spiffe/spire-controller-manager";

/** In the order in which they are built: first what the images need, which are made meanwhile. */
const buildsOf = (versions: Versions): Build[] => [
    {
        module: "kubernetes",
        commands: {
            ...commandsBelow(`${kubernetes}/cmd`, [
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubectl",
                "kubelet",
            ]),
            // The image of Kubernetes' own tests: HTTP server, client and more in one program.
            agnhost: `${kubernetes}/test/images/agnhost`,
            etcd: "go.etcd.io/etcd/server/v3",
            coredns: "github.com/coredns/coredns",
            helm: "helm.sh/helm/v3/cmd/helm",
            "spire-controller-manager": `${CONTROLLER_MANAGER}/cmd`,
        },
        variables: [`k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`],
    },
    {
        // Not with the rest: it knows a library under a name that differs from theirs only in case.
        module: "kubernetes",
        commands: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
    },
    {
        module: moduleName("cilium", versions),
        commands: {
            "cilium-agent": `${cilium}/daemon`,
            "cilium-operator-generic": `${cilium}/operator`,
            "cilium-dbg": `${cilium}/cilium-dbg`,
            "cilium-cni": `${cilium}/plugins/cilium-cni`,
            "cilium-health": `${cilium}/cilium-health`,
            "cilium-health-responder": `${cilium}/cilium-health/responder`,
            "cilium-mount": `${cilium}/tools/mount`,
            "cilium-sysctlfix": `${cilium}/tools/sysctlfix`,
        },
        // Version, revision, date: Cilium's own tools take the string apart. The module does not tell the last two.
        variables: [
            `${cilium}/pkg/version.ciliumVersion=${versions.cilium} 00000000 1970-01-01T00:00:00+00:00`,
        ],
        tags: "osusergo,ipam_provider_operator",
    },
    {
        module: moduleName("spire", versions),
        commands: commandsBelow("github.com/spiffe/spire/cmd", ["spire-server", "spire-agent"]),
        tags: "netgo,osusergo,sqlite_omit_load_extension",
        cgo: true, // sqlite
    },
    {
        module: "pulumi",
        commands: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
        variables: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`],
    },
    {
        // Of a release in which it was part of a Go module that can be had; newer CLIs work with it. The tests run the
        // CLI by itself with it; the Automation API needs none.
        module: "pulumi-language-nodejs",
        commands: {
            "pulumi-language-nodejs":
                "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        },
    },
    {
        module: "pulumi-kubernetes",
        commands: { "pulumi-resource-kubernetes": "." },
        embed: {
            module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
            path: "cmd/pulumi-resource-kubernetes/schema.json",
        },
    },
    { module: "stolen-agent", commands: { "stolen-agent": "." } },
    {
        // An image registry in one program (`crane registry serve`).
        module: "crane",
        commands: { crane: "github.com/google/go-containerregistry/cmd/crane" },
        onDemand: true,
    },
];

/** Names of all programs that can be built. */
const binaryNames = namesOf(buildsOf(wantedVersions()));

/** Names of those that a cluster and its programs need. */
export const commonBinaryNames = namesOf(
    buildsOf(wantedVersions()).filter(({ onDemand }) => !onDemand),
);

function namesOf(builds: Build[]): string[] {
    return builds.flatMap(({ commands }) => Object.keys(commands));
}

/**
 * The path of a program, which is built first if the cache does not have it (with the other commands of
 * its build).
 *
 * @param versions of Cilium and SPIRE. @default those of the stack `dev`
 * @throws Error for an unknown name, or with what the Go tool wrote.
 */
export async function ensureBinary(name: string, versions = wantedVersions()): Promise<string> {
    const build = buildsOf(versions).find((b) => name in b.commands);
    if (!build) throw new Error(`no program "${name}"; programs: ${binaryNames.join(", ")}`);
    const key = JSON.stringify(build);
    let directory = finished.get(key);
    if (!directory) {
        // One after the other: each uses all processors.
        directory = lastBuild.then(() => make(build));
        lastBuild = directory.catch(() => undefined);
        finished.set(key, directory);
    }
    return join(await directory, name);
}

/** One promise per build: callers that ask at the same time share it. */
const finished = new Map<string, Promise<string>>();
let lastBuild: Promise<unknown> = Promise.resolve();

/** The Go tool's version: part of every key. */
let goVersion: Promise<string> | undefined;

async function make(build: Build): Promise<string> {
    const source = moduleSource(build.module);
    const files = ["go.mod", "go.sum", "main.go"].filter((f) => existsSync(join(source, f)));
    goVersion ??= run("go", ["env", "GOVERSION", "GOARCH"]);
    const inputs = {
        build,
        arguments: goArguments(build),
        go: await goVersion,
        files: await Promise.all(files.map((f) => readFile(join(source, f), "utf8"))),
    };
    return cached(`bin/${build.module}`, inputs, async (dir) => {
        let cwd = source;
        if (build.embed) {
            cwd = join(dir, "source");
            await mkdir(cwd);
            for (const file of files) await cp(join(source, file), join(cwd, file));
            const module = await dependencyDir(build.embed.module, cwd);
            await cp(join(module, build.embed.path), join(cwd, basename(build.embed.path)));
        }
        const packages = Object.values(build.commands);
        // nice: a build of minutes should not make the machine unusable meanwhile.
        await run("nice", ["go", ...goArguments(build), "-o", `${dir}/`, ...packages], {
            cwd,
            env: { CGO_ENABLED: build.cgo ? "1" : "0", GOFLAGS: "" },
            timeoutMs: 3_600_000,
        });
        for (const [command, pkg] of Object.entries(build.commands)) {
            await rename(join(dir, executableName(pkg, build.module)), join(dir, command));
        }
        await rm(join(dir, "source"), { recursive: true, force: true });
    });
}

function goArguments(build: Build): string[] {
    const linker = ["-s", "-w", ...(build.variables ?? []).flatMap((v) => ["-X", `'${v}'`])];
    // The images have no C library.
    if (build.cgo) linker.push("-linkmode", "external", "-extldflags", '"-static"');
    const tags = build.tags ? ["-tags", build.tags] : [];
    // Debugging information is a quarter of the compiler's time; "-w" would drop it in the end.
    const compiler = ["-gcflags=all=-dwarf=false"];
    return ["build", "-buildvcs=false", ...compiler, ...tags, "-ldflags", linker.join(" ")];
}

/** How the Go tool names the program of a package: by the path's last element that is not a version. */
function executableName(pkg: string, module: string): string {
    if (pkg === ".") return module;
    const [last, parent] = pkg.split("/").reverse();
    return /^v\d+$/.test(last!) ? parent! : last!;
}

/** The directory of one of our modules. */
export function moduleSource(name: string): string {
    return join(sandboxSources, "modules", name);
}

/**
 * Where a dependency's files are in the Go module cache; downloaded, and verified against go.sum, first.
 *
 * @param cwd a directory whose go.mod requires the module.
 */
export async function dependencyDir(module: string, cwd: string): Promise<string> {
    const text = await run("go", ["mod", "download", "-json", module], { cwd, timeoutMs: 600_000 });
    return (JSON.parse(text) as { Dir: string }).Dir;
}

/**
 * The directory of Cilium's Helm chart, copied out of the Go module of that version, whose checksum the
 * Go tool verifies.
 *
 * @param version for example "1.18.4". @default that of the stack `dev`
 * @throws Error when the version does not exist or its checksum is wrong.
 */
export async function ensureChart(version = wantedVersions().cilium): Promise<string> {
    const dir = await cached(`charts/cilium-${version}`, { version }, async (target) => {
        // Outside of any module, so that the version asked for is not the one of our go.mod.
        const module = await dependencyDir(`${cilium}@v${version}`, target);
        const chart = join(module, "install", "kubernetes", "cilium");
        await cp(chart, join(target, "cilium"), { recursive: true });
        await run("chmod", ["-R", "u+w", target]); // the module cache is read-only
    });
    return join(dir, "cilium");
}

function commandsBelow(path: string, names: string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, `${path}/${name}`]));
}
