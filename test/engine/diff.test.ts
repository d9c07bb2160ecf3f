/** What `cilium-spire diff` makes of previews of the real engine, whose nodes join and leave. */
import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { enterPulumi } from "../../automation/stack";
import { asMarkdown } from "../../review/markdown";
import { previewOf } from "../../review/preview";
import { onlyNodes, type Review, reviewOf } from "../../review/review";
import { asText } from "../../review/text";
import { repositoryRoot } from "../../sandbox/host/paths";
import { FakeSpire } from "../support/fakeSpire";
import { assertGolden } from "../support/golden";
import { start, type Verb } from "./entriesStack";

const spire = new FakeSpire();
const cluster = spire.use();
const NODES = Array.from({ length: 300 }, (_, i) => `worker${i + 1}`);

let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    await enterPulumi({ dir, kubeconfig: "" });
    await symlink(join(repositoryRoot, "node_modules"), join(dir, "node_modules"));
    for (const node of NODES) spire.join(node);
});
after(() => rm(dir, { recursive: true, force: true }));

/** Runs an operation to its end, with this exit code, and returns what it printed to standard output. */
async function run(wanted: number, verb: Verb): Promise<string> {
    const where = { workDir: dir, kubeconfig: join(cluster.dir, "kubeconfig") };
    const { code, output, stdout } = await start(where, verb).ended;
    assert.equal(code, wanted, output);
    return stdout;
}

async function review(name: string): Promise<Review> {
    const found = reviewOf(previewOf(await run(0, "events")));
    assertGolden(`test/golden/diff/${name}.txt`, asText(found));
    assertGolden(`test/golden/diff/${name}.md`, asMarkdown(found));
    return found;
}

test("the first up of 300 nodes is a few lines", async () => {
    const found = await review("300-nodes-first");
    assert.equal(onlyNodes(found), false);
    assert.equal(found.sets[0]!.joined.length, 300);
    await run(0, "up");
});

test("where nothing would change, it says so", async () => {
    const found = await review("300-nodes-nothing");
    assert.deepEqual([found.sets, found.changes, found.complete], [[], [], true]);
});

test("one node that joined is one line", async () => {
    spire.join("worker301");
    const found = await review("300-nodes-joined");
    assert.deepEqual(found.sets[0]!.joined, ["worker301"]);
    assert.equal(onlyNodes(found), true);
});

test("300 nodes that were made anew, some that left, and others that never came are not more than ten lines", async () => {
    for (const node of NODES) spire.join(node, { uid: `new-${node}` });
    for (const node of ["worker7", "worker8"]) Reflect.deleteProperty(spire.nodes, node);
    spire.nodes.spot1 = { uid: "uid-spot1", notReady: "Kubelet stopped posting node status." };
    const found = await review("300-nodes-changed");
    assert.equal(found.sets[0]!.recreated.length, 298);
    assert.deepEqual(found.sets[0]!.left, ["worker7", "worker8"]);
    assert.equal(onlyNodes(found), true);
    assert.ok(asText(found).split("\n").length < 20);
});

test("what somebody did to entries is no news of nodes", async () => {
    await run(0, "up");
    const [first, second] = [...spire.data.keys()];
    spire.data.delete(first!);
    spire.data.get(second!)!.selectors = [{ type: "k8s", value: "ns:evil" }];
    const found = await review("300-nodes-drift");
    assert.equal(onlyNodes(found), false);
    assert.equal(found.sets[0]!.drift.length, 2);
});

test("a preview that failed shows why", async () => {
    const [, entry] = [...spire.data].find(([id]) => id.endsWith("uid-worker301.parent-link"))!;
    spire.join("worker302");
    // Somebody else was there first.
    const selectors = [{ type: "cilium-spire", value: "parent-link:uid-worker302" }];
    const parent_id = entry.parent_id.replace("worker301", "worker302");
    spire.data.set("foreign", { ...entry, entry_id: "foreign", parent_id, selectors });
    const found = reviewOf(previewOf(await run(1, "events")));
    assert.equal(found.complete, false);
    assert.match(found.errors.join(), /written by someone else: foreign \(/);
    assertGolden("test/golden/diff/failed-entries.md", asMarkdown(found));
});
