/** The entries' resource under the real engine: what it shows of nodes that are not there, and what it keeps of failures. */
import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { enterPulumi } from "../../automation/stack";
import { repositoryRoot } from "../../sandbox/host/paths";
import { FakeSpire, refusal } from "../support/fakeSpire";
import { start, type Verb } from "./entriesStack";

const spire = new FakeSpire();
const cluster = spire.use();

let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    await enterPulumi({ dir, kubeconfig: "" });
    await symlink(join(repositoryRoot, "node_modules"), join(dir, "node_modules"));
    spire.join("a");
    spire.join("b");
    spire.nodes.spot = { uid: "uid-spot", notReady: "Kubelet stopped posting node status." };
});
after(() => rm(dir, { recursive: true, force: true }));

/** Runs an operation to its end, with this exit code, and returns what it printed. */
async function run(wanted: number, verb: Verb, expectNoChanges?: boolean): Promise<string> {
    const where = { workDir: dir, kubeconfig: join(cluster.dir, "kubeconfig") };
    const { code, output } = await start(where, verb, expectNoChanges).ended;
    assert.equal(code, wanted, output);
    return output;
}

test("a preview shows who is left out, and warns", async () => {
    const output = await run(0, "preview");
    assert.match(output, /spot\s*: "its node is not Ready"/);
    assert.match(output, /left out until .*: spot: node is not Ready \(Kubelet stopped/);
    assert.match(output, /a\/parent-link/);
});

test("an up whose last step fails loses nothing, and the next one does that step", async () => {
    spire.interfere = (asked) => (asked.startsWith("DELETE ") ? refusal(422, "broken") : undefined);
    assert.match(await run(1, "up"), /Kubernetes API 422: broken/);
    assert.deepEqual([spire.data.size, spire.operatorRestarts], [4, 0]);
    spire.interfere = () => undefined;
    const output = await run(0, "up");
    assert.match(output, /the last up did not come to all that follows a write/);
    assert.match(output, /~ 1 updated/);
    assert.deepEqual([spire.data.size, spire.operatorRestarts], [4, 1]);
    await run(0, "preview", true);
    await run(0, "destroy");
    assert.equal(spire.data.size, 0);
});
