/** The YAML that users apply as it is: examples, rights, and the policies of the documentation. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { kubeconform, yamllint } from "../../support/kubeconform";
import { allBlocks } from "../../support/markdown";

/** Objects of Kubernetes, one kind of file a folder. */
const MANIFESTS = [
    "examples/gitops",
    "examples/policies",
    "examples/workload-mtls/kubernetes.yaml",
    "rbac",
    "sandbox/manifests",
];

let dir: string;
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-manifests-"));
});
after(() => rm(dir, { recursive: true }));

test("all manifests are valid for kubeconform, which takes no unknown kind or field", async () => {
    const { valid, problems } = await kubeconform(MANIFESTS.map((f) => join(repositoryRoot, f)));
    assert.deepEqual(problems, []);
    assert.ok(valid >= 30, String(valid));
});

test("so are the policies of the documentation", async () => {
    const policies = allBlocks().filter(
        ({ language, text }) =>
            language === "yaml" && /^kind: Cilium(Clusterwide)?NetworkPolicy$/m.test(text),
    );
    const named = policies.map(({ file, line, text }) => ({
        file: join(dir, `${file.replaceAll("/", "-")}-${line}.yaml`),
        text,
    }));
    await Promise.all(named.map(({ file, text }) => writeFile(file, text)));
    const { valid, problems } = await kubeconform(named.map(({ file }) => file));
    assert.deepEqual(problems, []);
    assert.ok(valid >= policies.length && valid > 0, String(valid));
});

test("yamllint has nothing to say of any YAML in the repository", async () => {
    const files = globSync("**/*.{yaml,yml}", {
        cwd: repositoryRoot,
        exclude: ["**/node_modules", "bin", ".git"],
    });
    assert.ok(files.length >= 13, String(files.length));
    assert.equal(await yamllint(files.map((file) => join(repositoryRoot, file))), "");
});
