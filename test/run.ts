/**
 * Runs the tests in phases, the fast ones first, and stops after the first phase that failed.
 *
 * `node bin/test/run.js check`, or `engine`, runs a part of them. The last line is `N passed, N failed`.
 */
import { globSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { Argument, program } from "commander";
import { execa } from "execa";
import { ensureBinary } from "../sandbox/build/binaries";
import { ensureShellcheck } from "../sandbox/build/debian";
import { repositoryRoot } from "../sandbox/host/paths";
import { endToEnd } from "./endToEnd";
import { FILE_DEADLINE_MS } from "./support/deadline";
import { exitWhenWritten } from "./support/operation";
import { report, type Tally } from "./support/reporter";

/** `check` takes a minute; `engine` needs no nodes. */
const PARTS = ["check", "engine"] as const;
type Part = (typeof PARTS)[number];

interface Phase {
    name: string;
    /** Where it belongs, if it is run apart from the rest. */
    parts?: readonly Part[];
    run: () => Promise<Tally>;
}

const CACHE = "node_modules/.cache";

const phases: Phase[] = [
    { name: "format, lint and floors", parts: ["check"], run: sources },
    { name: "programs", parts: PARTS, run: programs },
    {
        name: "unit and component",
        parts: ["check"],
        run: () => together([...found("component"), ...found("unit")]),
    },
    {
        name: "real engines",
        parts: ["engine"],
        run: () => files(found("engine")),
    },
    // In a browser.
    { name: "site", run: () => files(found("site")) },
    { name: "end to end", run: endToEnd },
];

/** What the sources alone are looked at for; each is one thread. */
async function sources(): Promise<Tally> {
    const eslint = ["--max-warnings", "0", "--cache", "--cache-location", `${CACHE}/eslint/`];
    const tallies = await Promise.all([
        command("prettier", ["--check", "--log-level", "warn", "--cache", "."]),
        command("eslint", [...eslint, "."]),
        command("depcruise", ["."]),
        publicTypes(),
    ]);
    return sum(tallies);
}

/** What other programs get has the types that package/components.api.md says: a change that breaks them is meant, and written down. */
async function publicTypes(): Promise<Tally> {
    const built = await command("tsc", ["-p", "package"]);
    return built.failed > 0 ? built : await command("npm", ["run", "-s", "api"]);
}

/** A command that passes or fails as one test; its output is shown only when it fails. */
async function command(name: string, args: string[]): Promise<Tally> {
    const options = { cwd: repositoryRoot, all: true, reject: false };
    const { failed, all, shortMessage } = await execa(name, args, options);
    if (failed) console.log(all || shortMessage);
    return { passed: Number(!failed), failed: Number(failed) };
}

/** Paths of a folder's test files, in the order of their names. */
function found(folder: string): string[] {
    const paths = globSync(join(__dirname, folder, "**", "*.test.js")).sort();
    if (paths.length === 0) throw new Error(`there are no tests in ${folder}`);
    return paths;
}

function files(paths: string[]): Promise<Tally> {
    const options = { files: paths, concurrency: 3, timeout: FILE_DEADLINE_MS };
    return report(run(options), { verbose: false });
}

/** More than there are cores: some tests wait. */
const PROCESSES = 4;

/** Runs test files in a few processes. */
async function together(paths: string[]): Promise<Tally> {
    const each = Array.from({ length: PROCESSES }, (_, i) => {
        const argv = paths.filter((_, j) => j % PROCESSES === i);
        const runner = join(__dirname, "support", "together.js");
        const options = { files: [runner], argv, timeout: FILE_DEADLINE_MS };
        return report(run(options), { verbose: false });
    });
    return sum(await Promise.all(each));
}

function sum(tallies: Tally[]): Tally {
    return tallies.reduce(
        (all, { passed, failed }) => ({ passed: all.passed + passed, failed: all.failed + failed }),
        { passed: 0, failed: 0 },
    );
}

/** What the tests without nodes run: none of them should spend its own time on a build. */
async function programs(): Promise<Tally> {
    const names = [
        // Of Kubernetes' build, as is the API server.
        "kubectl",
        ...["helm", "crane", "spire-server", "oidc-discovery-provider", "hubble"],
        ...["vmalert-tool", "actionlint", "esc-check", "kubeconform"],
        ...["pulumi", "pulumi-resource-kubernetes"],
        ...["pulumi-language-nodejs", "pulumi-language-yaml"],
    ];
    await Promise.all([...names.map((name) => ensureBinary(name)), ensureShellcheck()]);
    return { passed: 0, failed: 0 };
}

/** For all that the tests start, which mostly starts and ends: what was compiled is kept, and garbage is collected late. */
const SHORT_LIVED = { NODE_COMPILE_CACHE: join(repositoryRoot, CACHE, "node"), GOGC: "400" };

async function main(only?: Part): Promise<void> {
    Object.assign(process.env, SHORT_LIVED);
    const total: Tally = { passed: 0, failed: 0 };
    for (const phase of phases) {
        if (only && !phase.parts?.includes(only)) continue;
        console.log(phase.name);
        const start = Date.now();
        const { passed, failed } = await phase.run();
        total.passed += passed;
        total.failed += failed;
        const seconds = ((Date.now() - start) / 1000).toFixed(1);
        console.log(`  ${passed} passed, ${failed} failed in ${seconds} s`);
        if (failed > 0) break;
    }
    console.log(`${total.passed} passed, ${total.failed} failed`);
    exitWhenWritten(total.failed > 0 ? 1 : 0);
}

program.addArgument(new Argument("[what]").choices(PARTS)).action(main);
program.parseAsync().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
