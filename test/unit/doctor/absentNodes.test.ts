/** What the doctor says of nodes that get no entries: an `up` ends well without them, and they are not forgotten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, messageOf } from "@cilium-spire/entries-provider";
import { checks } from "../../../doctor/checks";
import type { Outcome } from "../../../doctor/checks/check";
import { Patient } from "../../../doctor/patient";
import { knownStack, siteOf } from "../../../doctor/site";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire } from "../../support/fakeSpire";
import { ciliumSet } from "../../component/entries-provider/stack";

const ID = { project: "cilium-spire", stack: "dev" };

const spire = FakeSpire.anew();

/** What a check finds, or the message of its error. */
async function found(id: string, registration: object = {}): Promise<Outcome | string> {
    const raw = { trustDomain: "demo.local", clusterName: "precinct-99", registration };
    const settings = decodeSettings(raw);
    const stack = knownStack(settings, ID);
    const patient = new Patient(new Cluster(), siteOf(stack), stack);
    return await checks
        .find((check) => check.id === id)!
        .run(patient)
        .catch(messageOf);
}

test("a node that is not Ready is noted with its cure, and nothing is wrong", async () => {
    spire.nodes.spot = { uid: "uid-spot", notReady: "gone" };
    await ciliumSet().up();
    const [note] = ((await found("nodes")) as Outcome).findings;
    assert.match(note!.what, /^spot: node is not Ready \(gone\)$/);
    assert.match(
        note!.cure,
        /`kubectl describe node spot`; bring it back, .*`kubectl delete node spot`$/,
    );
    assert.equal(note!.note, true);
    assert.deepEqual(await found("spire-agents"), { seen: "on 2 nodes", findings: [] });
    assert.deepEqual(await found("entries"), { seen: "4 as planned", findings: [] });
});

test("once its agent has attested, its entries are missing", async () => {
    spire.nodes.spot = { uid: "uid-spot", notReady: "gone" };
    await ciliumSet().up();
    spire.join("spot");
    assert.deepEqual(await found("nodes"), { seen: "none", findings: [] });
    const [missing] = ((await found("entries")) as Outcome).findings;
    assert.match(missing!.what, /\.uid-spot\.parent-link is missing/);
    assert.match(missing!.cure, /pulumi up/);
});

test("a node that has entries and is not Ready now is in order", async () => {
    await ciliumSet().up();
    spire.nodes.b!.notReady = "gone";
    spire.agents.delete("uid-b");
    assert.deepEqual(await found("nodes"), { seen: "none", findings: [] });
    assert.deepEqual(await found("entries"), { seen: "4 as planned", findings: [] });
});

test("a Ready node without an agent is wrong, unless the settings leave such nodes out", async () => {
    await ciliumSet().up();
    spire.nodes.virtual = { uid: "uid-virtual" };
    const [former] = ((await found("spire-agents")) as Outcome).findings;
    assert.equal(former!.trouble, "agent-former-node");
    assert.equal(former!.where, "Node virtual");
    assert.match(former!.what, /^pod agent-virtual is Ready but attested under another ID/);
    assert.match(former!.cure, /`kubectl -n spire-system delete pod agent-virtual`/);
    spire.nodes.bare = { uid: "uid-bare", podless: true };
    const [absent] = ((await found("spire-agents")) as Outcome).findings;
    assert.equal(absent!.trouble, "agents-absent");
    assert.match(absent!.what, /has 3 of 4 pods/);
    delete spire.nodes.bare;
    const rule = { unattestedNodes: "exclude" };
    assert.deepEqual(await found("spire-agents", rule), { seen: "on 2 nodes", findings: [] });
    const [note] = ((await found("nodes", rule)) as Outcome).findings;
    assert.match(note!.what, /^virtual: /);
});
