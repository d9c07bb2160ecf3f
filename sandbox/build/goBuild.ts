/** Runs the Go tool: what it compiles is shown while it does, and kept in a log. */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { BuildProgress } from "./progress";
import { cacheRoot } from "../host/paths";
import { progressState, run, tail } from "../host/shell";

/** One call of `go build`. */
export interface GoBuild {
    /** What it is called in progress and errors, and its log file's name. */
    name: string;
    /** Directory of the main module. */
    cwd: string;
    packages: string[];
    /** Flags that change what is compiled. */
    flags: string[];
    cgo?: boolean;
}

const DEADLINE_MS = 3_600_000;
/** Downloads the modules that are missing. */
const LIST_DEADLINE_MS = 1_200_000;

/** What the largest compilation or link needs with garbage collection; with a limit below it, it would do nothing else. */
const LARGEST = 2e9;

/** What this process builds. */
export const builds = new BuildProgress(availableParallelism());

/**
 * Builds programs into a directory.
 *
 * @throws Error with the log's path and the end of what the Go tool wrote, without the packages' names.
 */
export async function goBuild(build: GoBuild, target: string): Promise<void> {
    const log = join(cacheRoot, "logs", `${build.name.replace(/[^\w.]+/g, "-")}.log`);
    await mkdir(dirname(log), { recursive: true });
    const output = createWriteStream(log);
    const said: string[] = [];
    const onStderr = (line: string) => {
        output.write(`${line}\n`);
        if (isPackage(line)) builds.compiled();
        else said.push(line);
    };
    builds.begin(build.name);
    const timer = setInterval(() => progressState(builds.line()), 1000);
    const options = { cwd: build.cwd, env: environment(build), onStderr };
    try {
        await countPackages(build, options);
        const args = ["go", "build", "-v", ...build.flags, "-o", `${target}/`, ...build.packages];
        // nice: a build of minutes should not make the machine unusable meanwhile.
        await run("nice", args, { ...options, timeoutMs: DEADLINE_MS });
    } catch (error) {
        // Of a killed command there is only that; its arguments are no news.
        const [status] = messageOf(error).split("\n");
        const end = tail(said.join("\n").trim() || status!);
        throw new Error(`building ${build.name} failed, its log is ${log}\n${end}`);
    } finally {
        clearInterval(timer);
        output.end();
        builds.end();
        progressState("");
    }
}

/** Fetches the modules of a build while another one has the processors. What goes wrong here, the build itself will tell. */
export async function download(build: GoBuild): Promise<void> {
    const args = ["go", "list", "-e", "-deps", ...build.flags, "-f", "-", ...build.packages];
    const options = { cwd: build.cwd, env: environment(build), timeoutMs: LIST_DEADLINE_MS };
    await run("nice", args, options).catch(() => undefined);
}

/** Tells the progress how many packages the cache of the Go tool does not have. */
async function countPackages(
    { flags, packages }: GoBuild,
    options: Parameters<typeof run>[2],
): Promise<void> {
    const compiled = '(eq .StaleReason "not installed but available in build cache")';
    const format = `{{if .Stale}}{{if ${compiled}}}have{{else}}compile{{end}}{{else}}have{{end}}`;
    const args = ["list", "-deps", ...flags, "-f", format, ...packages];
    const text = await run("go", args, { ...options, timeoutMs: LIST_DEADLINE_MS });
    const states = text.trim().split("\n");
    builds.packages(states.filter((state) => state === "compile").length, states.length);
}

/** `go build -v` writes the path of each package that it compiles; everything else has a blank, a colon or a #. */
function isPackage(line: string): boolean {
    return /^[^\s:#]+$/.test(line);
}

function environment({ cgo }: GoBuild): Record<string, string> {
    return {
        CGO_ENABLED: cgo ? "1" : "0",
        GOFLAGS: "",
        ...memoryFor(availableParallelism(), totalmem()),
    };
}

/**
 * The compiler's garbage collector takes a fifth of its time, and most packages fit into memory without it. So it collects
 * only beyond a limit, by which a process per processor uses at most half of the memory.
 *
 * @param memory bytes of the machine.
 * @returns variables of Go's runtime; none when there is too little memory.
 */
export function memoryFor(processors: number, memory: number): Record<string, string> {
    const share = Math.floor(memory / (2 * processors + 2));
    return share < LARGEST ? {} : { GOGC: "off", GOMEMLIMIT: `${share}B` };
}
