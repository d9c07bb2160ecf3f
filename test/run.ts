/**
 * Runs the tests in phases, the fast ones first, and stops after the first phase that failed.
 *
 * `node bin/test/run.js check` leaves out what needs a cluster. The last line is `N passed, N failed`.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "node:test";
import { Argument, program } from "commander";
import { execa } from "execa";
import { ensureBinary } from "../sandbox/build/binaries";
import { ensureShellcheck } from "../sandbox/build/debian";
import { buildAll, removeCluster } from "../sandbox/cluster";
import { repositoryRoot } from "../sandbox/host/paths";
import { report, type Tally } from "./support/reporter";
import { secondSandbox, testSandbox } from "./support/sandbox";

interface Phase {
    name: string;
    /** Or a good part of one. */
    needsCluster?: true;
    run: () => Promise<Tally>;
}

/** Until a test file has ended, all its processes included; the longest takes six minutes. */
const FILE_DEADLINE_MS = 20 * 60_000;

/**
 * How often an end-to-end file that failed is run a second time, on clusters made anew, and until how long after the start: on
 * a busy machine one moment in an hour comes late. What failed is printed, at the end too; what fails for a reason fails again.
 */
const SECOND_RUNS = 2;
const SECOND_RUNS_UNTIL_MS = 75 * 60_000;

const CACHE = "node_modules/.cache";

/** Of the tests of `make operations`, those for which CI has the time. */
const OPERATIONS = ["12-acceptance", "13-doctor"];

const phases: Phase[] = [
    { name: "format, lint and floors", run: sources },
    { name: "programs", run: programs },
    // Together: those with an engine wait much, and are the longest, so they come first.
    { name: "without a cluster", run: withoutCluster },
    {
        name: "with a control plane",
        needsCluster: true,
        run: () => files(found("controlPlane/**/*.test.js")),
    },
    { name: "end to end", needsCluster: true, run: endToEnd },
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
    return tallies.reduce((sum, tally) => ({
        passed: sum.passed + tally.passed,
        failed: sum.failed + tally.failed,
    }));
}

/** What other programs get has the types that package/components.api.md says: a change that breaks them is meant, and written down. */
async function publicTypes(): Promise<Tally> {
    const built = await command("npm", ["run", "-s", "build:package"]);
    return built.failed > 0 ? built : await command("npm", ["run", "-s", "api"]);
}

/** A command that passes or fails as one test; its output is shown only when it fails. */
async function command(name: string, args: string[]): Promise<Tally> {
    const options = { cwd: repositoryRoot, all: true, reject: false };
    const { failed, all, shortMessage } = await execa(name, args, options);
    if (failed) console.log(all || shortMessage);
    return { passed: Number(!failed), failed: Number(failed) };
}

/** Paths of the test files that match a pattern, in the order of their names. */
function found(pattern: string): string[] {
    const paths = globSync(join(__dirname, pattern)).sort();
    if (paths.length === 0) throw new Error(`no test files match ${pattern}`);
    return paths;
}

/** Runs test files; one at a time and with a line per test when `verbose`. */
async function files(paths: string[], verbose = false): Promise<Tally> {
    const concurrency = verbose ? 1 : 3;
    return report(run({ files: paths, concurrency, timeout: FILE_DEADLINE_MS }), { verbose });
}

/** What the tests without a cluster run: none of them should spend its own time on a build. */
async function programs(): Promise<Tally> {
    const names = [
        ...[
            "helm",
            "crane",
            "spire-server",
            "vmalert-tool",
            "actionlint",
            "esc-check",
            "kubeconform",
        ],
        ...["pulumi", "pulumi-resource-kubernetes"],
        ...["pulumi-language-nodejs", "pulumi-language-yaml"],
    ];
    await Promise.all([...names.map((name) => ensureBinary(name)), ensureShellcheck()]);
    return { passed: 0, failed: 0 };
}

function withoutCluster(): Promise<Tally> {
    return files(["engine", "component", "unit"].flatMap((name) => found(`${name}/**/*.test.js`)));
}

/** The end-to-end tests share a sandbox, which the first of them makes anew. */
async function endToEnd(): Promise<Tally> {
    await buildAll();
    const operations = OPERATIONS.flatMap((name) => found(`operations/${name}.test.js`));
    const paths = [...found("e2e/*.test.js"), ...operations];
    paths.sort((a, b) => basename(a).localeCompare(basename(b)));
    const total: Tally = { passed: 0, failed: 0 };
    const lines: string[] = [];
    let secondRuns = 0;
    const runFile = async (path: string): Promise<Tally> => {
        const start = Date.now();
        const tally = await files([path], true);
        const { passed, failed, firstFailed } = tally;
        const seconds = ((Date.now() - start) / 1000).toFixed(0);
        const first = firstFailed === undefined ? "" : `, first "${firstFailed}"`;
        const name = basename(path, ".test.js");
        lines.push(`  ${name}: ${passed} passed, ${failed} failed in ${seconds} s${first}`);
        // What it left broken is not the fault of the next.
        if (failed > 0) await removeClusters();
        return tally;
    };
    try {
        for (const path of paths) {
            let tally = await runFile(path);
            const inTime = process.uptime() * 1000 < SECOND_RUNS_UNTIL_MS;
            if (tally.failed > 0 && inTime && secondRuns++ < SECOND_RUNS) {
                console.log(`  ${lines.at(-1)!.trim()}: run again`);
                tally = await runFile(path);
            }
            total.passed += tally.passed;
            total.failed += tally.failed;
        }
    } finally {
        console.log(lines.join("\n"));
        await removeClusters();
    }
    return total;
}

async function removeClusters(): Promise<void> {
    await Promise.all([testSandbox, secondSandbox].map(removeCluster));
}

/** For all that the tests start, which mostly starts and ends: what was compiled is kept, and garbage is collected late. */
const SHORT_LIVED = { NODE_COMPILE_CACHE: join(repositoryRoot, CACHE, "node"), GOGC: "400" };

async function main(only?: "check"): Promise<void> {
    Object.assign(process.env, SHORT_LIVED);
    const total: Tally = { passed: 0, failed: 0 };
    for (const phase of phases) {
        if (only === "check" && phase.needsCluster) continue;
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
    process.exit(total.failed > 0 ? 1 : 0);
}

program.addArgument(new Argument("[what]").choices(["check"])).action(main);
program.parseAsync().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
