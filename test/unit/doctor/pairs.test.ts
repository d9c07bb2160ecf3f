/** What a proof makes of Cilium's auth map, on a cluster in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { recordedPairs } from "../../../doctor/proof/pairs";
import { useFakeCluster } from "../../support/fakeCluster";

const server = { app: "server", name: "server-1", node: "a", identity: 10 };
const near = { app: "near", name: "near-1", node: "a", identity: 11 };
const far = { app: "far", name: "far-1", node: "b", identity: 12 };
const actors = { server, clients: [near, far] };

const pair = (client: typeof near, more: object = {}) => ({
    LocalIdentity: 10,
    RemoteIdentity: client.identity,
    RemoteNodeID: client.node === "a" ? 0 : 7,
    AuthType: 1,
    Expiration: "2999-01-01T00:00:00Z",
    ...more,
});

/** The map, as it is at one look after another; the last one of all that follow. */
let maps: object[][];

const agent = { metadata: { name: "cilium-a", namespace: "kube-system" }, spec: {} };

useFakeCluster(
    (path) => (path.endsWith("/pods") ? { items: [agent] } : undefined),
    () => ({ stdout: JSON.stringify(maps.length > 1 ? maps.shift() : maps[0]) }),
);

test("a pair that is not in the map connects again, and is looked for again", async () => {
    maps = [[pair(near)], [pair(near), pair(far)]];
    const again: string[] = [];
    const connect = ({ app }: { app: string }) => Promise.resolve(again.push(app));
    const { seen } = await recordedPairs(new Cluster(), actors, connect);
    assert.deepEqual(again, ["far"]);
    assert.equal(seen, "11 with 10, 12 with 10");
});

for (const [what, more] of [
    ["of another authentication", { AuthType: 2 }],
    ["that has expired", { Expiration: "2001-01-01T00:00:00Z" }],
    ["of another node", { RemoteNodeID: 7 }],
    ["of another server", { LocalIdentity: 99 }],
] as const) {
    test(`a pair ${what} is none`, async () => {
        maps = [[pair(near, more), pair(far)]];
        const attempt = recordedPairs(new Cluster(), actors, () => Promise.resolve(true), 0);
        await assert.rejects(
            attempt,
            /no record of the pairs in the auth map of a: near-1 \(11 with 10\) by server-1 not authenticated by SPIRE in \[/,
        );
    });
}
