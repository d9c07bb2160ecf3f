/**
 * Runs the tests in phases, the fast ones first, and stops after the first phase that failed.
 *
 * `node bin/test/run.js check` leaves out what needs a cluster. The last line is `N passed, N failed`.
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
    needsCluster?: true;
    run: () => Promise<Tally>;
}

/** Until a test file has ended, all its processes included; the longest takes six minutes. */
const FILE_DEADLINE_MS = 20 * 60_000;

const ESLINT_CACHE = "node_modules/.cache/eslint/";

const phases: Phase[] = [
    { name: "format", run: () => command("prettier", ["--check", "--log-level", "warn", "."]) },
    {
        name: "lint",
        run: () =>
            command("eslint", [
                "--max-warnings",
                "0",
                "--cache",
                "--cache-location",
                ESLINT_CACHE,
                ".",
            ]),
    },
    { name: "floors", run: () => command("depcruise", ["."]) },
    { name: "programs", run: programs },
    // Together: those with an engine wait much, and are the longest, so they come first.
    { name: "without a cluster", run: () => files(["engine", "unit", "component"]) },
    { name: "end to end", needsCluster: true, run: endToEnd },
];

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
    const names = ["helm", "crane", "spire-server", "pulumi", "pulumi-resource-kubernetes"];
    await Promise.all(names.map((name) => ensureBinary(name)));
    return { passed: 0, failed: 0 };
}

/** The end-to-end tests share a sandbox, which the first of them makes anew. */
async function endToEnd(): Promise<Tally> {
    await buildAll();
    try {
        return await files(["e2e"], true);
    } finally {
        await removeCluster(testSandbox);
    }
}

async function main(only?: "check"): Promise<void> {
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
