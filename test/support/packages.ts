/** Examples as their users have them: in a folder of their own, with the packed packages from a registry's point of view. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import type { StackOutputs } from "../../outputs";
import { ensureBinary, ensureChart } from "../../sandbox/build/binaries";
import { repositoryRoot } from "../../sandbox/host/paths";
import { run } from "../../sandbox/host/shell";
import type { Values } from "../../settings/cilium/values";
import { parse, stringify } from "yaml";
import { launch } from "./operation";
import { devConfig } from "../../automation/devConfig";

/** The packages, by the folder that each is made from. */
const PACKAGES = {
    "@cilium-spire/components": "package",
    "@cilium-spire/entries-provider": "entries-provider",
};

const NPM_DEADLINE_MS = 300_000;

/** Builds and packs the packages into a directory. @returns paths of the archives, by package */
export async function packPackages(dir: string): Promise<Record<string, string>> {
    await run("npm", ["run", "-s", "build:package"], {
        cwd: repositoryRoot,
        timeoutMs: NPM_DEADLINE_MS,
    });
    const archives: Record<string, string> = {};
    for (const [name, folder] of Object.entries(PACKAGES)) {
        const cwd = join(repositoryRoot, folder);
        const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", dir];
        archives[name] = join(dir, (await run("npm", pack, { cwd })).trim());
    }
    return archives;
}

/** Configuration of examples/own-program: Pulumi.dev.yaml, with the sandbox's chart. */
export async function ownProgramConfig(): Promise<Values> {
    const dev = await devConfig();
    const settings = Object.entries(dev).map(([key, value]) => [key.split(":")[1]!, value]);
    const { cilium, verify: _, ...rest } = Object.fromEntries(settings) as Values;
    const chart = await ensureChart();
    return { "own-program:platform": { ...rest, cilium: { ...(cilium as Values), chart } } };
}

/** A copy of an example with the packed packages installed, compiled strictly if it is in TypeScript, and a stack of it. */
export class ExampleStack {
    private constructor(
        readonly dir: string,
        private readonly stack: string,
    ) {}

    /**
     * @param parent directory for it.
     * @param config of the stack, with keys as in a stack file.
     */
    static async make(
        parent: string,
        example: string,
        archives: Record<string, string>,
        config: Values,
        stack = "dev",
    ): Promise<ExampleStack> {
        await mkdir(parent, { recursive: true });
        const dir = await mkdtemp(join(parent, `${basename(example)}-`));
        await cp(join(repositoryRoot, "examples", example), dir, { recursive: true });
        const manifest = join(dir, "package.json");
        const fields = JSON.parse(await readFile(manifest, "utf8")) as { dependencies: Values };
        for (const [name, archive] of Object.entries(archives)) {
            fields.dependencies[name] = `file:${archive}`;
        }
        await writeFile(manifest, JSON.stringify(fields));
        // The plugins that packages would download are on PATH.
        const install = [
            "install",
            "--ignore-scripts",
            "--prefer-offline",
            "--no-audit",
            "--no-fund",
        ];
        await run("npm", [...install, "--strict-peer-deps"], {
            cwd: dir,
            timeoutMs: NPM_DEADLINE_MS,
        });
        if (existsSync(join(dir, "tsconfig.json"))) {
            await run("node", ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "."], {
                cwd: dir,
                timeoutMs: NPM_DEADLINE_MS,
            });
        }
        await writeFile(join(dir, `Pulumi.${stack}.yaml`), stringify({ config }));
        const made = new ExampleStack(dir, stack);
        await made.pulumi("stack", "init", stack);
        return made;
    }

    /** Runs the Pulumi CLI in the folder. @throws Error with what it printed, when it fails */
    async pulumi(...args: string[]): Promise<string> {
        const project = await readFile(join(this.dir, "Pulumi.yaml"), "utf8");
        const { runtime } = parse(project) as { runtime: string | { name: string } };
        const language = typeof runtime === "string" ? runtime : runtime.name;
        const host = dirname(await ensureBinary(`pulumi-language-${language}`));
        const words = [...args, "--cwd", this.dir, "--non-interactive"];
        const PATH = [host, process.env.PATH].join(delimiter);
        const { code, output } = await launch("pulumi", words, { PATH }).ended;
        if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: ${code ?? "killed"}\n${output}`);
        return output;
    }

    async up(...flags: string[]): Promise<string> {
        return await this.pulumi("up", "--yes", "--skip-preview", "--stack", this.stack, ...flags);
    }

    async destroy(): Promise<string> {
        return await this.pulumi("destroy", "--yes", "--skip-preview", "--stack", this.stack);
    }

    async outputs<T = StackOutputs>(): Promise<T> {
        return JSON.parse(
            await this.pulumi("stack", "output", "--json", "--stack", this.stack),
        ) as T;
    }
}
