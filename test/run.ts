/**
 * Runs the tests in phases, the fast ones first, and stops after the first phase that failed.
 *
 * `node bin/test/run.js check` leaves out what needs a cluster or a browser. The last line is `N passed, N failed`.
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

interface Phase {
    name: string;
    /** Or a good part of one. */
    needsCluster?: true;
    needsBrowser?: true;
    run: () => Promise<Tally>;
}

const CACHE = "node_modules/.cache";

const phases: Phase[] = [
    { name: "format, lint and floors", run: sources },
    { name: "programs", run: programs },
    // Together: those with an engine wait much, and are the longest, so they come first.
    { name: "without a cluster", run: withoutCluster },
    // In a browser, which `make check` does without.
    { name: "site", needsBrowser: true, run: () => files(found("site/*.test.js")) },
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

async function files(paths: string[]): Promise<Tally> {
    const options = { files: paths, concurrency: 3, timeout: FILE_DEADLINE_MS };
    return report(run(options), { verbose: false });
}

/** What the tests without a cluster run: none of them should spend its own time on a build. */
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

function withoutCluster(): Promise<Tally> {
    return files(["engine", "component", "unit"].flatMap((name) => found(`${name}/**/*.test.js`)));
}

/** For all that the tests start, which mostly starts and ends: what was compiled is kept, and garbage is collected late. */
const SHORT_LIVED = { NODE_COMPILE_CACHE: join(repositoryRoot, CACHE, "node"), GOGC: "400" };

async function main(only?: "check"): Promise<void> {
    Object.assign(process.env, SHORT_LIVED);
    const total: Tally = { passed: 0, failed: 0 };
    for (const phase of phases) {
        if (only === "check" && (phase.needsCluster || phase.needsBrowser)) continue;
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

program.addArgument(new Argument("[what]").choices(["check"])).action(main);
program.parseAsync().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
