import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dependencyDir } from "./binaries";
import { cached } from "./cache";
import { run } from "../host/shell";

const KUBERNETES = "k8s.io/kubernetes";

/**
 * The path of a program of any release of Kubernetes, built first if the cache does not have it: what a few tests run beside
 * the sandbox's own. No go.mod of ours says the versions of its libraries but the release's own; the Go tool verifies all
 * by the release's go.sum and the checksum database.
 *
 * @param version for example "1.30.14".
 * @param program below `cmd/`, for example "kube-proxy".
 * @throws Error when there is no such release, or with what the Go tool wrote.
 */
export async function ensureKubernetesProgram(version: string, program: string): Promise<string> {
    const go = await run("go", ["env", "GOVERSION", "GOARCH"]);
    const inputs = { version, program, go, arguments: goArguments(version) };
    const dir = await cached(`bin/${program}-${version}`, inputs, async (target) => {
        // Outside of any module, so that the release is the one asked for.
        const release = await dependencyDir(`${KUBERNETES}@v${version}`, target);
        const source = join(target, "source");
        await mkdir(source);
        await cp(join(release, "go.sum"), join(source, "go.sum"));
        await run("chmod", ["u+w", join(source, "go.sum")]); // the module cache is read-only
        const text = await readFile(join(release, "go.mod"), "utf8");
        await writeFile(join(source, "go.mod"), moduleAround(version, text));
        const pkg = `${KUBERNETES}/cmd/${program}`;
        await run("nice", ["go", ...goArguments(version), "-o", join(target, program), pkg], {
            cwd: source,
            env: { CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOWORK: "off" },
            timeoutMs: 3_600_000,
        });
        await rm(source, { recursive: true });
    });
    return join(dir, program);
}

function goArguments(version: string): string[] {
    const linker = `-s -w -X k8s.io/component-base/version.gitVersion=v${version}`;
    return ["build", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags", linker];
}

/**
 * A go.mod that requires one release of Kubernetes. Its own replaces the modules that live in its repository by directories
 * which a downloaded module has not; each is published as v0.<minor>.<patch>.
 *
 * @param goMod text of the release's go.mod.
 */
export function moduleAround(version: string, goMod: string): string {
    const go = /^go .+$/m.exec(goMod)![0];
    const staged = [...goMod.matchAll(/^\s*(\S+) => \.\/staging\/src\/\S+$/gm)].map((m) => m[1]!);
    const published = `v${version.replace(/^\d+/, "0")}`;
    return [
        "module kubernetes-release",
        go,
        `require ${KUBERNETES} v${version}`,
        ...staged.map((name) => `replace ${name} => ${name} ${published}`),
        "",
    ].join("\n");
}
