/** The workflows: what GitHub would refuse, what their scripts do wrong, and what they must never be given. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { ensureBinary } from "../../sandbox/build/binaries";
import { ensureShellcheck } from "../../sandbox/build/debian";
import { PULUMI_VERSION } from "../../sandbox/build/programs";
import { repositoryRoot } from "../../sandbox/host/paths";

interface Step {
    uses?: string;
    run?: string;
    env?: Record<string, string>;
    with?: Record<string, unknown>;
}

interface Job {
    permissions?: Record<string, string>;
    environment?: string;
    uses?: string;
    if?: string;
    steps?: Step[];
}

interface Workflow {
    on: Record<string, unknown>;
    permissions?: object;
    jobs: Record<string, Job>;
}

const WORKFLOWS = globSync(".github/workflows/*.yml", { cwd: repositoryRoot }).sort();
const ACTION = ".github/actions/pulumi/action.yml";

const textOf = (file: string) => readFileSync(join(repositoryRoot, file), "utf8");
const workflowOf = (file: string) => parse(textOf(file)) as Workflow;
const action = parse(textOf(ACTION)) as { runs: { steps: Step[] } };
const jobs = WORKFLOWS.flatMap((file) =>
    Object.entries(workflowOf(file).jobs).map(([name, job]) => ({ at: `${file}: ${name}`, job })),
);

let actionlint: string;
let shellcheck: string;

before(async () => {
    [actionlint, shellcheck] = await Promise.all([ensureBinary("actionlint"), ensureShellcheck()]);
});

/** What actionlint says of workflows, with what shellcheck says of their scripts. */
async function linted(cwd: string): Promise<string> {
    const args = ["-shellcheck", shellcheck, "-pyflakes", "", "-no-color", "-oneline"];
    const { all, exitCode } = await execa(actionlint, args, { cwd, all: true, reject: false });
    assert.ok(exitCode === 0 || exitCode === 1, all);
    return all;
}

test("actionlint and shellcheck find nothing in the workflows", async () => {
    assert.equal(await linted(repositoryRoot), "");
});

test("shellcheck finds nothing in the action's scripts and in the scripts of the repository", async () => {
    const scripts = action.runs.steps.flatMap(({ run }) => run ?? []);
    assert.ok(scripts.length >= 2);
    for (const input of scripts) {
        const args = ["--shell", "bash", "-"];
        const { all } = await execa(shellcheck, args, { input, all: true, reject: false });
        assert.equal(all, "", input);
    }
    const files = [".ci/run", ...globSync("sandbox/**/*.sh", { cwd: repositoryRoot })];
    const { all } = await execa(shellcheck, ["--severity", "warning", ...files], {
        ...{ cwd: repositoryRoot, all: true, reject: false },
    });
    assert.equal(all, "");
});

describe("what is wrong is found", () => {
    const steps = (step: string) => `name: x
on: push
jobs:
    x:
        runs-on: ubuntu-24.04
        steps:
            - uses: ./.github/actions/pulumi
              with: { kubeconfig: "" }
            ${step}
`;
    const cases: Record<string, [step: string, said: RegExp]> = {
        "a script that splits a name": ["- run: rm $FILE", /shellcheck reported issue.*SC2086/],
        "a secret that is no secret": [
            "- run: echo ${{ secret.X }}",
            /undefined variable "secret"/,
        ],
        "an input that the action lacks": [
            "- { uses: ./.github/actions/pulumi, with: { kubeconfg: x } }",
            /input "kubeconfg" is not defined/,
        ],
        "a title in a script": [
            "- run: echo '${{ github.event.pull_request.title }}'",
            /is potentially untrusted/,
        ],
    };
    for (const [what, [step, said]] of Object.entries(cases)) {
        test(what, async () => {
            const dir = await mkdtemp(join(tmpdir(), "workflows-"));
            try {
                // Actionlint looks for the root of a repository.
                for (const folder of [".git", ".github/workflows", ".github/actions/pulumi"]) {
                    await mkdir(join(dir, folder), { recursive: true });
                }
                await writeFile(join(dir, ACTION), textOf(ACTION));
                await writeFile(join(dir, ".github/workflows/x.yml"), steps(step));
                assert.match(await linted(dir), said);
            } finally {
                await rm(dir, { recursive: true });
            }
        });
    }
});

test("actions of others are pinned to a commit, whose version stands beside it", () => {
    for (const file of [...WORKFLOWS, ACTION]) {
        const uses = [...textOf(file).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(
            ([, what]) => what!,
        );
        assert.ok(uses.length > 0 || file.endsWith("deploy.yml"), file);
        for (const what of uses) {
            assert.match(
                what,
                /^(\.\/\.github\/[\w/.-]+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/,
                file,
            );
        }
    }
});

test("the CLI is the one that the tests run", () => {
    const step = action.runs.steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"));
    assert.equal(step?.with?.["pulumi-version"], PULUMI_VERSION);
});

test("nobody gets more than a job needs", () => {
    for (const file of WORKFLOWS) {
        const { on, permissions } = workflowOf(file);
        assert.deepEqual(permissions, {}, file);
        // They would run a fork's code with what the repository has.
        for (const event of ["pull_request_target", "workflow_run"])
            assert.ok(!(event in on), file);
    }
    for (const { at, job } of jobs) {
        const written = Object.values(job.permissions ?? {}).filter((right) => right !== "read");
        const runsCode = Boolean(job.uses) || job.steps!.some(({ uses }) => uses?.startsWith("./"));
        assert.ok(job.permissions, at);
        // Code of the commit never has the right to write to GitHub.
        if (runsCode) assert.deepEqual(written, [], at);
    }
});

test("code that gets a secret has an environment, and a fork's has neither", () => {
    for (const { at, job } of jobs.filter(({ job }) => job.steps)) {
        const hasSecret = JSON.stringify(job).includes("secrets.");
        assert.equal(hasSecret, job.environment !== undefined, at);
    }
    const { preview, fork } = workflowOf(".github/workflows/preview.yml").jobs;
    const repository = "github.event.pull_request.head.repo.full_name";
    assert.ok(preview!.if!.endsWith(`${repository} == github.repository`));
    assert.ok(fork!.if!.endsWith(`${repository} != github.repository`));
});

test("nothing of an event is spliced into a script", () => {
    const scripts = [...jobs.flatMap(({ job }) => job.steps ?? []), ...action.runs.steps];
    for (const { run } of scripts) assert.doesNotMatch(run ?? "", /\$\{\{/);
});
