import { cp, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached, isCached } from "./cache";
import { builds, download, type GoBuild, goBuild } from "./goBuild";
import { sandboxSources } from "../host/paths";
import type { Build } from "./build";
import { binaryNames, buildsOf } from "./programs";
import { run } from "../host/shell";
import { wantedVersions } from "./versions";

/**
 * The path of a program, which is built first if the cache does not have it (with the other commands of
 * its build).
 *
 * @param versions of Cilium and SPIRE. @default those of the stack `dev`
 * @throws Error for an unknown name, or with what the Go tool wrote.
 */
export async function ensureBinary(name: string, versions = wantedVersions()): Promise<string> {
    const build = buildsOf(versions).find((b) => name in b.commands);
    if (!build) throw new Error(`no program "${name}"; programs: ${binaryNames().join(", ")}`);
    const key = JSON.stringify(build);
    let directory = finished.get(key);
    if (!directory) {
        // All that are asked for together are known before the first begins, which then tells how far it is.
        const planned = inputsOf(build).then((inputs) => {
            if (!isCached(cacheName(build), inputs)) {
                builds.plan(build.name);
                downloads = downloads.then(() => download(callOf(build)));
            }
            return inputs;
        });
        // One after the other: each uses all processors.
        directory = Promise.all([planned, lastBuild]).then(([inputs]) => make(build, inputs));
        lastBuild = directory.catch(() => undefined);
        finished.set(key, directory);
    }
    return join(await directory, name);
}

/** One promise per build: callers that ask at the same time share it. */
const finished = new Map<string, Promise<string>>();
let lastBuild: Promise<unknown> = Promise.resolve();
/** Beside the builds, in their order: the network is idle while they compile. */
let downloads: Promise<unknown> = Promise.resolve();

/** The Go tool's version: part of every key. */
let goVersion: Promise<string> | undefined;

/** All that the result of a build depends on. */
async function inputsOf(wanted: Build) {
    const { name: _name, onDemand: _onDemand, ...build } = wanted;
    const source = moduleSource(build.module);
    goVersion ??= run("go", ["env", "GOVERSION", "GOARCH"]);
    const own = Object.values(build.commands).filter((pkg) => pkg.startsWith("."));
    const replaced = (build.standIns ?? []).map((dir) => join(dir, `${dir}.go`));
    const files = ["go.mod", "go.sum", ...own.map((pkg) => join(pkg, "main.go")), ...replaced];
    return {
        build,
        arguments: ["build", ...goFlags(build)],
        go: await goVersion,
        files: await Promise.all(files.map((file) => readFile(join(source, file), "utf8"))),
    };
}

async function make(build: Build, inputs: Awaited<ReturnType<typeof inputsOf>>): Promise<string> {
    const { name, module, commands, embed } = build;
    const directory = cached(cacheName(build), inputs, async (dir) => {
        const call = callOf(build);
        if (embed) {
            const file = join(await dependencyDir(embed.module, call.cwd), embed.path);
            const copy = join(dir, "source");
            await cp(call.cwd, copy, { recursive: true });
            await cp(file, join(copy, call.packages[0]!, basename(file)));
            call.cwd = copy;
        }
        await goBuild(call, dir);
        for (const [command, pkg] of Object.entries(commands)) {
            await rename(join(dir, executableName(pkg, module)), join(dir, command));
        }
        await rm(join(dir, "source"), { recursive: true, force: true });
    });
    return directory.finally(() => builds.forget(name));
}

function callOf(build: Build): GoBuild {
    const { name, module, commands, cgo } = build;
    const [cwd, packages] = [moduleSource(module), Object.values(commands)];
    return { name, cwd, packages, flags: goFlags(build), cgo };
}

function cacheName({ module }: Build): string {
    return `bin/${module}`;
}

function goFlags(build: Omit<Build, "name">): string[] {
    const linker = ["-s", "-w", ...(build.variables ?? []).flatMap((v) => ["-X", `'${v}'`])];
    // The images have no C library.
    if (build.cgo) linker.push("-linkmode", "external", "-extldflags", '"-static"');
    const tags = build.tags ? ["-tags", build.tags] : [];
    // Debugging information is a quarter of the compiler's time; "-w" would drop it in the end.
    const compiler = ["-gcflags=all=-dwarf=false"];
    return ["-buildvcs=false", ...compiler, ...tags, "-ldflags", linker.join(" ")];
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
        const module = await dependencyDir(`github.com/cilium/cilium@v${version}`, target);
        const chart = join(module, "install", "kubernetes", "cilium");
        await cp(chart, join(target, "cilium"), { recursive: true });
        await run("chmod", ["-R", "u+w", target]); // the module cache is read-only
    });
    return join(dir, "cilium");
}
