/** The samples for other pipelines, as far as what reads them can be had: docs/ci.md says what that leaves out. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { parse, parseAllDocuments } from "yaml";
import { ensureBinary } from "../../sandbox/build/binaries";
import { ensureShellcheck } from "../../sandbox/build/debian";
import { PULUMI_VERSION } from "../../sandbox/build/programs";
import { repositoryRoot } from "../../sandbox/host/paths";

const samples = join(repositoryRoot, "examples", "ci");
const read = (file: string) => readFile(join(samples, file), "utf8");

describe("GitLab", () => {
    let dir: string;

    before(async () => {
        dir = await mkdtemp(join(tmpdir(), "gitlab-"));
        const git = (...args: string[]) => execa("git", args, { cwd: dir });
        await copyFile(join(samples, "gitlab/.gitlab-ci.yml"), join(dir, ".gitlab-ci.yml"));
        await git("init", "--quiet", "--initial-branch", "main");
        await git("add", ".");
        const author = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
        await git(...author, "commit", "--quiet", "--message", "x");
        await git("remote", "add", "origin", "git@gitlab.example.org:example/cilium-spire.git");
    });
    after(() => rm(dir, { recursive: true }));

    /** Names of the jobs of a pipeline, and when each of them runs. GitLab's schema has been asked before. */
    async function jobs(source: string): Promise<Record<string, string>> {
        const args = ["--list-json", "--variable", `CI_PIPELINE_SOURCE=${source}`];
        const env = { GCL_IGNORE_PREDEFINED_VARS: "CI_PIPELINE_SOURCE", HOME: dir };
        const { stdout } = await execa("gitlab-ci-local", args, { cwd: dir, env });
        const found = JSON.parse(stdout) as { name: string; when: string }[];
        const running = found.filter(({ when }) => when !== "never");
        return Object.fromEntries(running.map(({ name, when }) => [name, when]));
    }

    test("each kind of pipeline has its jobs", async () => {
        assert.deepEqual(await jobs("merge_request_event"), {
            "preview: [dev]": "on_success",
            "preview: [prod]": "on_success",
            note: "always",
        });
        assert.deepEqual(await jobs("push"), {
            "deploy dev": "on_success",
            "deploy prod": "manual",
        });
        assert.deepEqual(await jobs("schedule"), {
            "drift: [dev]": "on_success",
            "drift: [prod]": "on_success",
        });
        assert.deepEqual(await jobs("web"), {});
    });

    test("shellcheck finds nothing in its scripts, and the CLI is the one that the tests run", async () => {
        const text = await read("gitlab/.gitlab-ci.yml");
        assert.ok(text.includes(`    PULUMI_VERSION: "${PULUMI_VERSION}"\n`));
        const tree = parse(text) as Record<string, { script?: string[]; before_script?: string[] }>;
        const shellcheck = await ensureShellcheck();
        const scripts = Object.values(tree).flatMap(({ script, before_script }) => [
            ...(before_script ? [before_script.join("\n")] : []),
            ...(script ? [script.join("\n")] : []),
        ]);
        assert.equal(scripts.length, 5);
        for (const input of scripts) {
            const args = ["--shell", "bash", "-"];
            const { all } = await execa(shellcheck, args, { input, all: true, reject: false });
            assert.equal(all, "", input);
        }
    });
});

describe("Pulumi ESC", () => {
    const check = async (input: string) => {
        const program = await ensureBinary("esc-check");
        const { stdout, stderr } = await execa(program, [], { input, reject: false });
        return stdout || stderr;
    };

    test("the environment gives credentials and a kubeconfig", async () => {
        const found = JSON.parse(await check(await read("esc/preview.yaml"))) as {
            variables: string[];
            files: string[];
        };
        const keys = ["ACCESS_KEY_ID", "REGION", "SECRET_ACCESS_KEY", "SESSION_TOKEN"];
        assert.deepEqual(
            found.variables.sort(),
            keys.map((key) => `AWS_${key}`),
        );
        assert.deepEqual(found.files, ["KUBECONFIG"]);
    });

    test("what is wrong is found", async () => {
        const text = await read("esc/preview.yaml");
        assert.match(
            await check(text.replace("aws.login.accessKeyId", "aws.logn.accessKeyId")),
            /unknown property "logn"/,
        );
        assert.match(await check(text.replace("aws-login", "asw-login")), /"asw-login"/);
    });

    test("the kubeconfig's context is its own", async () => {
        const { values } = parse(await read("esc/preview.yaml")) as {
            values: { files: { KUBECONFIG: string } };
        };
        const kubeconfig = parse(values.files.KUBECONFIG) as {
            "current-context": string;
            contexts: { name: string; context: { cluster: string; user: string } }[];
        } & Record<"clusters" | "users", { name: string }[]>;
        const [{ name, context }] = kubeconfig.contexts as [(typeof kubeconfig.contexts)[0]];
        assert.equal(kubeconfig["current-context"], name);
        assert.equal(kubeconfig.clusters[0]!.name, context.cluster);
        assert.equal(kubeconfig.users[0]!.name, context.user);
    });
});

test("the operator's Stack is of this program, and its account in the group that its comment names", async () => {
    const documents = parseAllDocuments(await read("pulumi-operator/stack.yaml"));
    const objects = documents.map(
        (document) =>
            document.toJS() as {
                kind: string;
                metadata: { name: string; namespace?: string };
                spec?: Record<string, unknown>;
            },
    );
    const [namespace, account, , stack] = objects;
    assert.deepEqual(
        objects.map(({ kind }) => kind),
        ["Namespace", "ServiceAccount", "ClusterRoleBinding", "Stack"],
    );
    assert.equal(account!.metadata.namespace, namespace!.metadata.name);
    assert.equal(stack!.metadata.namespace, namespace!.metadata.name);
    assert.equal(stack!.spec!.serviceAccountName, account!.metadata.name);
    const text = await read("pulumi-operator/stack.yaml");
    assert.ok(text.includes(`system:serviceaccounts:${namespace!.metadata.name}`));
    assert.ok(text.includes(`pulumi/pulumi:${PULUMI_VERSION}-nonroot`));
});
