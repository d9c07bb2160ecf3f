/** What the doctor says of nodes that get no entries: an `up` ends well without them, and they are not forgotten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, messageOf } from "@cilium-spire/entries-provider";
import { agentEntriesArgs } from "../../../components/entries/args";
import { checks, type Finding, Patient } from "../../../doctor/checks";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire } from "../../support/fakeSpire";
import { ciliumSet } from "../../component/entries-provider/stack";

const ID = { project: "cilium-spire", stack: "dev" };

const spire = FakeSpire.anew();

/** What a check finds, or the message of its error. */
async function found(name: string, registration: object = {}): Promise<Finding | string> {
    const raw = { trustDomain: "demo.local", clusterName: "precinct-99", registration };
    const settings = decodeSettings(raw);
    const patient = new Patient(new Cluster(), settings, ID, agentEntriesArgs(settings, ID));
    return await checks
        .find((check) => check.name === name)!
        .run(patient)
        .catch(messageOf);
}

test("a node that is not Ready is noted with its cure, and nothing is wrong", async () => {
    spire.nodes.spot = { uid: "uid-spot", notReady: "gone" };
    await ciliumSet().up();
    const note = (await found("nodes without entries")) as Finding;
    assert.match(note.finding, /blocked .*: spot: node is not Ready \(gone\)$/);
    assert.match(note.cure!, /pulumi up/);
    assert.equal(note.note, true);
    assert.deepEqual(await found("SPIRE agents"), { finding: "on 2 nodes" });
    assert.deepEqual(await found("registration entries"), { finding: "4 as planned" });
});

test("once its agent has attested, its entries are missing", async () => {
    spire.nodes.spot = { uid: "uid-spot", notReady: "gone" };
    await ciliumSet().up();
    spire.join("spot");
    assert.deepEqual(await found("nodes without entries"), { finding: "none" });
    const { finding, cure } = (await found("registration entries")) as Finding;
    assert.match(finding, /\.uid-spot\.parent-link is missing/);
    assert.match(cure!, /pulumi up/);
});

test("a node that has entries and is not Ready now is in order", async () => {
    await ciliumSet().up();
    spire.nodes.b!.notReady = "gone";
    spire.agents.delete("uid-b");
    assert.deepEqual(await found("nodes without entries"), { finding: "none" });
    assert.deepEqual(await found("registration entries"), { finding: "4 as planned" });
});

test("a Ready node without an agent is wrong, unless the settings leave such nodes out", async () => {
    await ciliumSet().up();
    spire.nodes.virtual = { uid: "uid-virtual" };
    assert.match((await found("SPIRE agents")) as string, /virtual: pod agent-virtual/);
    const rule = { unattestedNodes: "exclude" };
    assert.deepEqual(await found("SPIRE agents", rule), { finding: "on 2 nodes" });
    const note = (await found("nodes without entries", rule)) as Finding;
    assert.match(note.finding, /: virtual: /);
});
