/** The scripts of pipelines, run with recorded previews in place of Pulumi, and a web server in place of GitLab. */
import assert from "node:assert/strict";
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import { parse } from "yaml";
import { repositoryRoot } from "../../sandbox/host/paths";

const FIXTURES = join(repositoryRoot, "test", "fixtures", "previews");

let dir: string;

beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "scripts-"));
    // Compiled already: what `npx` starts would be compiled at each of a dozen starts.
    const start = "require(process.argv[1]).main(process.argv.slice(3)).then(process.exit)";
    const main = join(__dirname, "..", "..", "cli", "main.js");
    await program("npx", `exec "${process.execPath}" -e '${start}' "${main}" "$@"`);
});
afterEach(() => rm(dir, { recursive: true }));

async function program(name: string, script: string): Promise<void> {
    await writeFile(join(dir, name), `#!/bin/bash\n${script}\n`);
    await chmod(join(dir, name), 0o755);
}

/** A Pulumi whose preview is the recorded one, or nothing, and ends with this code. */
async function pulumi(code: number, recorded?: string): Promise<void> {
    const text = recorded && gunzipSync(await readFile(join(FIXTURES, `${recorded}.json.gz`)));
    await writeFile(join(dir, "recorded.json"), text ?? "");
    await program("pulumi", `cat "${dir}/recorded.json"; exit ${code}`);
}

async function run(script: string, env: Record<string, string> = {}): Promise<number> {
    const { exitCode, all } = await execa("bash", ["-eo", "pipefail", "-c", script], {
        ...{ cwd: dir, reject: false, all: true },
        env: {
            ...{
                STACK: "dev",
                GITHUB_STEP_SUMMARY: join(dir, "summary"),
                GITHUB_OUTPUT: join(dir, "out"),
            },
            ...{ PATH: [dir, process.env.PATH].join(delimiter), ...env },
        },
    });
    assert.ok(exitCode !== undefined && exitCode < 126, all);
    return exitCode;
}

const written = (file: string) => readFile(join(dir, file), "utf8");

async function stepOf(file: string, job: string, name: RegExp): Promise<string> {
    const text = await readFile(join(repositoryRoot, ".github/workflows", file), "utf8");
    const { jobs } = parse(text) as {
        jobs: Record<string, { steps: { name?: string; run?: string }[] }>;
    };
    return jobs[job]!.steps.find((step) => name.test(step.name ?? ""))!.run!;
}

async function gitlab(): Promise<Record<string, { script: string[] }>> {
    const text = await readFile(join(repositoryRoot, "examples/ci/gitlab/.gitlab-ci.yml"), "utf8");
    return parse(text) as Record<string, { script: string[] }>;
}

const PREVIEWS = {
    GitHub: { script: () => stepOf("preview.yml", "preview", /preview/), comment: "comment.md" },
    GitLab: {
        script: async () => (await gitlab()).preview!.script.join("\n"),
        comment: "comment-dev.md",
    },
};

for (const [host, { script, comment }] of Object.entries(PREVIEWS)) {
    describe(`the preview's script of ${host}`, () => {
        test("writes the comment", async () => {
            await pulumi(0, "node-joined");
            assert.equal(await run(await script()), 0);
            assert.match(await written(comment), /^### Preview of dev\n[^]*gets entries: precinct/);
        });

        test("shows what failed, and fails", async () => {
            await pulumi(255, "failed");
            assert.notEqual(await run(await script()), 0);
            assert.match(await written(comment), /^### Preview of .*failed\n[^]*replicas/);
        });

        test("says so when there is nothing to show, and fails", async () => {
            await pulumi(255);
            assert.notEqual(await run(await script()), 0);
            assert.match(await written(comment), /^### Preview of dev: it failed before it began/);
        });
    });
}

test("the script of drift.yml is quiet only where nothing would change", async () => {
    const script = await stepOf("drift.yml", "look", /preview/);
    const env = { GITHUB_SERVER_URL: "https://x", GITHUB_REPOSITORY: "a/b", GITHUB_RUN_ID: "1" };
    for (const [code, recorded, quiet] of [
        [0, "nothing", true],
        [255, "node-joined", false],
        [255, undefined, false],
    ] as const) {
        await pulumi(code, recorded);
        assert.equal(await run(`rm -rf report\n${script}`, env), 0);
        assert.match(
            await written("report/body.md"),
            /### Preview of dev[^]*a\/b\/actions\/runs\/1\n$/,
        );
        assert.equal(await run("[ -e report/quiet ]"), quiet ? 0 : 1);
    }
});

test("the script of reconcile.yml runs an up for nodes alone", async () => {
    const script = (await stepOf("reconcile.yml", "nodes", /up/)).replaceAll(
        "npx cilium-spire doctor",
        "echo doctor",
    );
    for (const [recorded, ups] of [
        ["nothing", 0],
        ["node-joined", 1],
        ["upgrade", 0],
    ] as const) {
        await pulumi(0, recorded);
        const preview = await readFile(join(dir, "pulumi"), "utf8");
        await writeFile(
            join(dir, "pulumi"),
            preview.replace("\n", `\necho "$1" >>"${dir}/verbs"\n`),
        );
        assert.equal(await run(`rm -f verbs\n${script}`), 0);
        const verbs = (await written("verbs")).trim().split("\n");
        assert.deepEqual(verbs, ["preview", ...Array<string>(ups).fill("up")], recorded);
    }
});

test("GitLab's note is written once, and then written anew", async () => {
    const notes: { id: number; body: string }[] = [];
    const asked: string[] = [];
    const server = createServer((request, response) => {
        void (async () => {
            asked.push(`${request.method!} ${request.url!}`);
            assert.equal(request.headers["private-token"], "token");
            if (request.method !== "GET") {
                const { body } = (await json(request)) as { body: string };
                const id = Number(/notes\/(\d+)$/.exec(request.url!)?.[1] ?? notes.length + 1);
                notes[id - 1] = { id, body };
            }
            response.end(JSON.stringify(notes));
        })();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
        const { port } = server.address() as AddressInfo;
        const env = {
            ...{ CI_API_V4_URL: `http://127.0.0.1:${port}`, CI_PROJECT_ID: "7" },
            ...{ CI_MERGE_REQUEST_IID: "3", REVIEW_TOKEN: "token" },
        };
        const script = (await gitlab()).note!.script.join("\n");
        for (const text of ["first", "second"]) {
            await writeFile(join(dir, "comment-dev.md"), `${text} "of" $dev\n`);
            await copyFile(join(dir, "comment-dev.md"), join(dir, "comment-prod.md"));
            assert.equal(await run(script, env), 0);
        }
        const of = (stack: string) => ({
            id: stack === "dev" ? 1 : 2,
            body: `<!-- cilium-spire comment-${stack}.md -->\nsecond "of" $dev\n`,
        });
        assert.deepEqual(notes, [of("dev"), of("prod")]);
        const base = "/projects/7/merge_requests/3/notes";
        assert.deepEqual(
            asked.filter((line) => !line.startsWith("GET")),
            [`POST ${base}`, `POST ${base}`, `PUT ${base}/1`, `PUT ${base}/2`],
        );
    } finally {
        server.close();
    }
});
