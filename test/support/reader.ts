/** Somebody who has a cluster and a clone of the repository, and types what its pages say. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { ensureBinary, ensureChart } from "../../sandbox/build/binaries";
import { cacheRoot, stateRoot } from "../../sandbox/host/paths";
import { run } from "../../sandbox/host/shell";
import { mergeValues, type Values } from "../../settings/cilium/values";
import { filesToWrite, type Page, stepsToRun } from "./blocks";
import { copySources } from "./clone";
import { devConfig } from "../../automation/devConfig";
import { runSteps } from "./transcript";
import { home, sandbox } from "./world";

const DEADLINE_MS = 25 * 60_000;
/** Of whoever runs the tests: a reader has none of it. */
const NOT_A_READERS = /^(MAKE|MFLAGS|NODE_|PULUMI_|KUBECONFIG$|CILIUM_SPIRE_|CILIUM$|SPIRE$)/;
/** Of {@link enterPulumi}: the reader's backend, plugins and pass phrase. */
const PULUMIS = /^(PULUMI_|TMPDIR$)/;
/** What the stack file says beyond Pulumi.dev.yaml. The reader answers Pulumi's question by PULUMI_SKIP_CONFIRMATIONS. */
const SETTINGS: Values = {
    // As Pulumi.prod.yaml has it, from which the README copies.
    "cilium-spire:protect": true,
    // The Secret is in the cluster: hubble-server-certs.
    "cilium-spire:cilium": { hubble: { enabled: true, tls: { method: "provided" } } },
};
/** The kubeconfig's second context, for commands without a stack. */
const CONTEXT = "staging";

/** The environment of the tests, without what they and `make` have put into it. */
export function readersEnvironment(): NodeJS.ProcessEnv {
    return variables((name) => !NOT_A_READERS.test(name));
}

export class Reader {
    private constructor(
        readonly clone: string,
        private readonly env: NodeJS.ProcessEnv,
    ) {}

    /** After `enterPulumi`. What is made goes with the sandbox. */
    static async make(): Promise<Reader> {
        const dir = join(home.dir, "reader");
        const [clone, own] = [join(dir, "clone"), join(dir, "home")];
        await mkdir(clone, { recursive: true });
        await mkdir(join(own, ".docker"), { recursive: true });
        await copySources(clone);
        await writeFile(join(clone, "Pulumi.prod.yaml"), stringify({ config: await settings() }));
        await writeFile(join(own, ".docker", "config.json"), JSON.stringify({ auths: {} }));
        const kubeconfig = await writeKubeconfig(dir);
        const programs = ["kubectl", "pulumi-language-nodejs"].map((name) => ensureBinary(name));
        const folders = (await Promise.all(programs)).map((file) => dirname(file));
        const { PATH = "" } = process.env;
        const path = PATH.split(delimiter).filter((folder) => !folder.endsWith(".bin"));
        return new Reader(clone, {
            ...readersEnvironment(),
            ...variables((name) => PULUMIS.test(name)),
            PATH: [dirname(process.execPath), ...folders, ...path].join(delimiter),
            HOME: own,
            // What the machine has already.
            XDG_STATE_HOME: dirname(stateRoot),
            XDG_CACHE_HOME: dirname(cacheRoot),
            NPM_CONFIG_CACHE: await npmCache(own),
            NPM_CONFIG_PREFER_OFFLINE: "true",
            PULUMI_SKIP_CONFIRMATIONS: "true",
            KUBECONFIG: kubeconfig,
        });
    }

    /** Writes the files that a page shows, and types its commands into a shell in the clone. */
    async follow(page: Page): Promise<void> {
        for (const [name, text] of filesToWrite(page.file)) await this.write(name, text);
        await runSteps(stepsToRun(page), {
            cwd: this.clone,
            env: { ...this.env, CILIUM_SPIRE_SANDBOX: String((page.sandbox ?? sandbox).number) },
            deadlineMs: DEADLINE_MS,
        });
    }

    /** A stack file gets what it has not: the page shows what matters there. */
    private async write(name: string, text: string): Promise<void> {
        const file = join(this.clone, name);
        const merged = async () => {
            const old = parse(await readFile(file, "utf8").catch(() => "{}")) as Values;
            return stringify(mergeValues(old, parse(text) as Values));
        };
        await writeFile(file, name.startsWith("Pulumi.") ? await merged() : text);
    }
}

/** Of the stack `mine`. */
async function settings(): Promise<Values> {
    const chart = { "cilium-spire:cilium": { chart: await ensureChart() } };
    return [SETTINGS, chart].reduce(mergeValues, await devConfig());
}

/** With the packages that the machine has; what `npx` installs there is the reader's own. @returns its path */
async function npmCache(own: string): Promise<string> {
    const machines = join((await run("npm", ["config", "get", "cache"])).trim(), "_cacache");
    const cache = join(own, ".npm");
    await mkdir(machines, { recursive: true });
    await mkdir(cache);
    await symlink(machines, join(cache, "_cacache"));
    return cache;
}

/** The sandbox's, with a second name for its context. @returns its path */
async function writeKubeconfig(dir: string): Promise<string> {
    const config = parse(await readFile(sandbox.kubeconfig, "utf8")) as { contexts: Values[] };
    config.contexts.push({ ...config.contexts[0], name: CONTEXT });
    const file = join(dir, "kubeconfig");
    await writeFile(file, stringify(config), { mode: 0o600 });
    return file;
}

function variables(kept: (name: string) => boolean): NodeJS.ProcessEnv {
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept(name)));
}
