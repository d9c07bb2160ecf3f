/**
 * Runs the tests in phases, the fast ones first, and stops after the first phase that failed.
 *
 * `node bin/test/run.js check` leaves out what needs a cluster; `e2e` and `operations` are the end-to-end tests of a folder
 * alone. The last line is `N passed, N failed`.
 */
import { globSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { Argument, program } from "commander";
import { execa } from "execa";
import { ensureBinary } from "../sandbox/build/binaries";
import { buildAll, removeCluster } from "../sandbox/cluster";
import { repositoryRoot } from "../sandbox/host/paths";
import { report, type Tally } from "./support/reporter";
import { testSandbox } from "./support/sandbox";

interface Phase {
    name: string;
    /** Or a good part of one. */
    needsCluster?: true;
    run: () => Promise<Tally>;
}

/** Until a test file has ended, all its processes included; the longest takes six minutes. */
const FILE_DEADLINE_MS = 20 * 60_000;

const CACHE = "node_modules/.cache";

const phases: Phase[] = [
    { name: "format, lint and floors", run: sources },
    { name: "programs", run: programs },
    // Together: those with an engine wait much, and are the longest, so they come first.
    { name: "without a cluster", run: () => files(["engine", "component", "unit"]) },
    { name: "with a control plane", needsCluster: true, run: () => files(["controlPlane"]) },
    { name: "end to end", needsCluster: true, run: endToEnd },
];

/** What the sources alone are looked at for; each is one thread. */
async function sources(): Promise<Tally> {
    const eslint = ["--max-warnings", "0", "--cache", "--cache-location", `${CACHE}/eslint/`];
    const tallies = await Promise.all([
        command("prettier", ["--check", "--log-level", "warn", "--cache", "."]),
        command("eslint", [...eslint, "."]),
        command("depcruise", ["."]),
    ]);
    return sum(tallies);
}

function sum(tallies: Tally[]): Tally {
    return tallies.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }));
}

/** A command that passes or fails as one test; its output is shown only when it fails. */
async function command(name: string, args: string[]): Promise<Tally> {
    const options = { cwd: repositoryRoot, all: true, reject: false };
    const { failed, all, shortMessage } = await execa(name, args, options);
    if (failed) console.log(all || shortMessage);
    return { passed: Number(!failed), failed: Number(failed) };
}

/** The test files of some folders. One at a time and with a line per test when `verbose`. */
async function files(folders: string[], verbose = false): Promise<Tally> {
    const found = folders.flatMap((folder) =>
        globSync(join(__dirname, folder, "**/*.test.js")).sort(),
    );
    if (found.length === 0) throw new Error(`no test files in ${folders.join(", ")}`);
    const concurrency = verbose ? 1 : 3;
    return report(run({ files: found, concurrency, timeout: FILE_DEADLINE_MS }), { verbose });
}

/** What the tests without a cluster run: none of them should spend its own time on a build. */
async function programs(): Promise<Tally> {
    const names = [
        ...["helm", "crane", "spire-server", "vmalert-tool"],
        ...["pulumi", "pulumi-resource-kubernetes"],
    ];
    await Promise.all(names.map((name) => ensureBinary(name)));
    return { passed: 0, failed: 0 };
}

/**
 * Folders whose tests share a sandbox, by its number: a stack's life, and what is done on one that lives. They run side by
 * side, because tests on a cluster wait as much as they work.
 */
const LANES = { e2e: 9, operations: 6 } as const;
type Lane = keyof typeof LANES;

/** Each lane in a process of its own, which knows its sandbox by the environment; the second tells at its end. */
async function endToEnd(): Promise<Tally> {
    await buildAll();
    const tallies = await Promise.all([startLane("e2e", true), startLane("operations", false)]);
    return sum(tallies);
}

async function startLane(name: Lane, live: boolean): Promise<Tally> {
    const lane = execa(process.execPath, [__filename, name], {
        env: { CILIUM_SPIRE_TEST_SANDBOX: String(LANES[name]) },
        stdout: live ? ["pipe", "inherit"] : "pipe",
        stderr: live ? "inherit" : "ignore",
        reject: false,
    });
    const { stdout } = await lane;
    if (!live) console.log(stdout);
    const [, passed, failed] = /(\d+) passed, (\d+) failed$/.exec(stdout) ?? [];
    // One that ended without saying what it has found has failed.
    if (passed === undefined) return { passed: 0, failed: 1 };
    return { passed: Number(passed), failed: Number(failed) };
}

/** The tests of a lane, on a sandbox of their own that is new. */
async function lane(name: Lane): Promise<Tally> {
    try {
        await removeCluster(testSandbox);
        return await files([name], true);
    } finally {
        await removeCluster(testSandbox);
    }
}

/** For all that the tests start, which mostly starts and ends: what was compiled is kept, and garbage is collected late. */
const SHORT_LIVED = { NODE_COMPILE_CACHE: join(repositoryRoot, CACHE, "node"), GOGC: "400" };

async function main(what?: "check" | Lane): Promise<void> {
    Object.assign(process.env, SHORT_LIVED);
    const total: Tally = { passed: 0, failed: 0 };
    const chosen =
        what === undefined || what === "check"
            ? phases.filter(({ needsCluster }) => what === undefined || !needsCluster)
            : [{ name: what, run: () => lane(what) }];
    for (const phase of chosen) {
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

program.addArgument(new Argument("[what]").choices(["check", ...Object.keys(LANES)])).action(main);
program.parseAsync().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
