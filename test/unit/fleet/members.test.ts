/** Stacks that cannot be brought up together are refused by their place in the file. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { membersOf } from "../../../fleet/members";
import { writeUnreachableKubeconfig } from "../../support/kubeconfig";

const home = process.cwd();
let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-members-"));
    process.chdir(dir);
    await writeUnreachableKubeconfig("one");
    await writeUnreachableKubeconfig("two");
    await stack("one", {});
    await stack("two", {});
    await stack("twin", { kubeconfig: "one" });
    await stack("lost", { kubeconfig: "none" });
    await stack("wrong", { trustdomain: "x" });
});
after(async () => {
    process.chdir(home);
    await rm(dir, { recursive: true });
});

async function stack(name: string, settings: Record<string, string>): Promise<void> {
    const own = { trustDomain: "demo.local", clusterName: name, kubeconfig: name, ...settings };
    const config = Object.entries(own).map(([key, value]) => [`cilium-spire:${key}`, value]);
    await writeFile(
        `Pulumi.${name}.yaml`,
        stringify({ config: Object.fromEntries(config) as object }),
    );
}

const open = (...stacks: string[]) =>
    membersOf([stacks], {
        ...{ file: "fleet.yaml", project: "cilium-spire" },
        known: new Set(["one", "two", "twin", "lost", "wrong", "none"]),
    });

test("each stack has its settings and its cluster", () => {
    const members = open("two", "one");
    assert.deepEqual([...members.keys()], ["two", "one"]);
    const { stack, cluster } = members.get("one")!;
    assert.deepEqual(stack.id, { project: "cilium-spire", stack: "one" });
    assert.notEqual(cluster.url, members.get("two")!.cluster.url);
});

const REFUSED: Record<string, RegExp> = {
    none: /waves\[0\]\[1\] = "none": Pulumi\.none\.yaml does not exist; name a stack that has one/,
    wrong: /waves\[0\]\[1\] = "wrong": .*trustdomain: is not a key of this program; did you mean/s,
    lost: /waves\[0\]\[1\] = "lost": kubeconfig = "none": .* does not exist\. Write the path/,
    twin: /waves\[0\]\[1\] = "twin": its cluster, https:\S+, is that of one too; set kubeContext or/,
};

for (const [name, says] of Object.entries(REFUSED)) {
    test(`refused: ${name}`, () => {
        assert.throws(() => open("one", name), says);
    });
}

test("refused: a stack that the backend has not", async () => {
    await writeUnreachableKubeconfig("new");
    await stack("new", {});
    assert.throws(
        () => open("new"),
        /"new": there is no such stack, only its file; make it by "pulumi stack init new"/,
    );
});

test("all that is wrong is told at once", () => {
    assert.throws(() => open("none", "wrong", "lost"), /"none".*"wrong".*"lost"/s);
});
