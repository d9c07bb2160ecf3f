/** Lists are read in pages, and no more is read of a cluster's thousands of nodes and pods than is needed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentSpiffeId, Cluster, waitForAgents } from "@cilium-spire/entries-provider";
import { type Asked, pageOf, Reply, useFakeCluster } from "../../../support/fakeCluster";

const NODES = "/api/v1/nodes";
const PODS = "/api/v1/namespaces/spire-system/pods";
const COUNT = 1200;
const AWAITED = {
    ...{ trustDomain: "d.local", clusterName: "c" },
    agentDaemonSet: { namespace: "spire-system", daemonSet: "spire-agent" },
    hasEntries: () => false,
};

/** Answers of the next lists of nodes before it is as usual. */
let failures: (Reply | undefined)[] = [];

const cluster = useFakeCluster((path, asked) => {
    if (path === NODES) return failures.shift() ?? pageOf(nodes(asked), asked);
    if (path === PODS) return pageOf(pods, asked);
    if (path === "/apis/apps/v1/namespaces/spire-system/daemonsets/spire-agent") {
        const selector = { matchLabels: { app: "spire-agent" } };
        return { spec: { selector }, status: { desiredNumberScheduled: COUNT } };
    }
    return undefined;
});

function node(name: string, whole: boolean): object {
    const metadata = { name, uid: `uid-${name}`, labels: { zone: "a" } };
    const conditions = [
        { type: "Ready", status: name === "n7" ? "False" : "True", message: "gone" },
    ];
    return whole ? { metadata, status: { conditions, text: "x".repeat(6000) } } : { metadata };
}

function nodes({ headers }: Asked): object[] {
    const whole = !headers.accept?.startsWith(
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    );
    return Array.from({ length: COUNT }, (_, i) => node(`n${i}`, whole));
}

const pods = Array.from({ length: COUNT }, (_, i) => ({
    metadata: { name: `spire-agent-${i}`, namespace: "spire-system" },
    spec: { nodeName: `n${i}` },
    status: { phase: "Running" },
}));

/** What was asked for: of a list the page, or the one item of a name. */
const shapes = () =>
    cluster.asked.map(({ path, query }) => {
        if (query.has("fieldSelector")) return `${path} ${query.get("fieldSelector")}`;
        if (!query.has("limit")) return path;
        return `${path} ${query.get("limit")} from ${query.get("continue") ?? "0"}`;
    });

test("nodes are read in pages of 500, by their metadata alone", async () => {
    const headers = await new Cluster().nodeHeaders();
    assert.equal(headers.length, COUNT);
    assert.deepEqual(headers[1199], { name: "n1199", uid: "uid-n1199", labels: { zone: "a" } });
    assert.deepEqual(
        shapes(),
        ["0", "500", "1000"].map((from) => `${NODES} 500 from ${from}`),
    );
});

test("a list whose snapshot expired between two pages is read anew", async () => {
    failures = [undefined, new Reply(410)];
    const headers = await new Cluster().nodeHeaders();
    assert.equal(new Set(headers.map(({ uid }) => uid)).size, COUNT);
    assert.equal(headers.length, COUNT);
    assert.equal(cluster.asked.length, 2 + 3);
});

test("a list that expires again and again, or at its beginning, is an error", async () => {
    const expired = [undefined, new Reply(410)];
    failures = [...expired, ...expired, ...expired];
    await assert.rejects(new Cluster().nodeHeaders(), /expired 3 times .* overloaded/);
    failures = [new Reply(410)];
    await assert.rejects(new Cluster().nodeHeaders(), /Kubernetes API 410/);
});

/** A SPIRE server at which the agents of so many nodes have attested. */
function attested(count: number, uidOf = (i: number) => `uid-n${i}`) {
    const agents = Array.from({ length: count }, (_, i) => ({
        spiffeId: agentSpiffeId("d.local", "c", uidOf(i)),
        banned: false,
        expiresAt: Infinity,
    }));
    return { agents: () => Promise.resolve(agents) };
}

async function waited(waitMs: number, server: ReturnType<typeof attested>): Promise<string> {
    return await waitForAgents(new Cluster(), server, AWAITED, waitMs).then(
        ({ present }) => `${present.length} attested`,
        (error: unknown) => (error as Error).message,
    );
}

test("while agents are missing, many nodes are not looked through each second", async () => {
    const waiting = waitForAgents(new Cluster(), attested(1199), AWAITED, 1500);
    const seen = new Promise((resolve) => setTimeout(resolve, 1300)).then(shapes);
    const failed = assert.rejects(waiting, /after 2 s: n1199: pod spire-agent-1199 is Running/);
    const look = await seen;
    // Once: the DaemonSet, three pages each of nodes and pods, and the one node whose agent is missing.
    assert.deepEqual([look.length, look.at(-1)], [8, `${NODES} metadata.name=n1199`]);
    await failed;
});

test("when all have attested, nodes and pods are read once", async () => {
    assert.equal(await waited(60_000, attested(1200)), "1200 attested");
    assert.equal(cluster.asked.length, 1 + 3 + 3);
});

test("of many missing agents the reason is told for twenty, and all are named", async () => {
    const message = await waited(
        0,
        attested(1200, (i) => (i < 100 ? `old-${i}` : `uid-n${i}`)),
    );
    assert.match(message, /^no complete attestation of the SPIRE agents: n0: pod spire-agent-0 is/);
    // That one is not Ready, and left out.
    assert.doesNotMatch(message, /n7\b/);
    assert.match(message, /; n20: pod .*; and 79 more: n21, n22, .*, n99$/);
    const lists = cluster.asked.filter(({ path }) => path === NODES);
    assert.equal(lists.length, 3 + 3);
    assert.ok(!lists.some(({ query }) => query.has("fieldSelector")));
});
