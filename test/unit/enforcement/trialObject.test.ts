/** A trial whose beginning is not answered: the policy is not left in force. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Cluster, ClusterUnreachable } from "@cilium-spire/entries-provider";
import type { LivePolicy } from "../../../doctor/checks/policyObjects";
import { proposalsOf } from "../../../enforcement/proposal";
import { begin } from "../../../enforcement/trialObject";
import { type Answer, type Asked, CUT, Reply, useFakeCluster } from "../../support/fakeCluster";

const POLICY = {
    ...{ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
    metadata: { name: "a", namespace: "shop" },
    spec: { endpointSelector: {}, ingress: [{ authentication: { mode: "required" } }] },
};
const [proposal] = proposalsOf(JSON.stringify(POLICY), "p.yaml");
const OLD = { ...POLICY.spec, ingress: [{}] };

/** The policy on the cluster. */
let live: LivePolicy | undefined;
/** What becomes of the write that begins the trial. */
let beginning: (write: () => LivePolicy) => Answer;
let away = 0;

const cluster = useFakeCluster((_, { method, body }) => {
    if (away > 0 && method === "GET") return (away--, new Reply(503, {}, { "retry-after": "60" }));
    if (method === "GET") return live;
    const write = () => (live = stored(body as LivePolicy));
    if (method === "DELETE") return ((live = undefined), {});
    return isBeginning(cluster.asked) ? beginning(write) : write();
});

beforeEach(() => {
    live = undefined;
    away = 0;
});

function stored({ metadata, ...rest }: LivePolicy): LivePolicy {
    const generation = (live?.metadata.generation ?? 0) + 1;
    return { ...rest, metadata: { ...metadata, uid: "u", resourceVersion: "1", generation } };
}

const isBeginning = (asked: Asked[]) => asked.filter(({ method }) => method !== "GET").length === 1;

/** Written, and then nobody hears of it. */
const lost = (write: () => LivePolicy): Answer => (write(), CUT);

test("a new policy that was written without an answer is deleted", async () => {
    beginning = lost;
    await assert.rejects(begin(new Cluster(), proposal!), ClusterUnreachable);
    assert.deepEqual(cluster.asked.map(({ method }) => method).slice(-2), ["GET", "DELETE"]);
    assert.equal(live, undefined);
});

test("a policy that was replaced without an answer gets back what it had, as soon as the API server answers", async () => {
    live = stored({ ...POLICY, spec: OLD } as LivePolicy);
    beginning = (write) => {
        away = 2;
        return lost(write);
    };
    await assert.rejects(begin(new Cluster(), proposal!), ClusterUnreachable);
    assert.deepEqual(live.spec, OLD);
    assert.deepEqual(live.metadata.annotations, undefined);
});

test("where it was refused, nothing else is written", async () => {
    beginning = () => new Reply(422, { kind: "Status", message: "no such field" });
    await assert.rejects(begin(new Cluster(), proposal!), /no such field/);
    assert.deepEqual(
        cluster.asked.map(({ method }) => method),
        ["GET", "POST", "GET"],
    );
});

test("what somebody else has on trial meanwhile is left to them", async () => {
    beginning = (write) => {
        const { metadata, ...rest } = write();
        const annotations = {
            "cilium-spire.io/before-trial": JSON.stringify({ at: "2020-01-01T00:00:00.000Z" }),
        };
        live = { ...rest, metadata: { ...metadata, annotations } };
        return CUT;
    };
    await assert.rejects(begin(new Cluster(), proposal!), ClusterUnreachable);
    assert.ok(live);
});
