/** Programs in Node that tests run in pods, made as their Dockerfiles say. */
import { cp, readFile } from "node:fs/promises";
import { globSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../host/paths";
import { run } from "../host/shell";
import { cached } from "./cache";

const NPM_DEADLINE_MS = 300_000;

/** The folder examples/workload-mtls, compiled, with the packages that its lock file names and no others. */
export async function ensureWorkloadMtls(): Promise<string> {
    const source = join(repositoryRoot, "examples", "workload-mtls");
    const files = globSync(["*.json", "*.proto", "src/*.ts"], { cwd: source }).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(source, file), "utf8")));
    const inputs = Object.fromEntries(files.map((file, i) => [file, texts[i]!]));
    return cached("workload-mtls", inputs, async (dir) => {
        for (const file of files) await cp(join(source, file), join(dir, file));
        const npm = async (...args: string[]) => {
            const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
            await run("npm", [...args, ...quiet], { cwd: dir, timeoutMs: NPM_DEADLINE_MS });
        };
        await npm("ci");
        await npm("run", "build");
        await npm("prune", "--omit=dev");
    });
}
