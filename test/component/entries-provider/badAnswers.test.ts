/** A cluster that refuses, shows nothing, or cuts what it says: a preview tells it, and nothing is deleted or evicted. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { staleAgents } from "@cilium-spire/entries-provider";
import { Reply } from "../../support/fakeCluster";
import { FakeSpire, type Interference, refusal } from "../../support/fakeSpire";
import { ciliumSet } from "./stack";

const NODES = "GET /api/v1/nodes";
const DAEMON_SET = "GET /apis/apps/v1/namespaces/spire-system/daemonsets/spire-agent";

const spire = FakeSpire.anew();

/** One request or command fails, always or so many times. */
function only(what: string, answer: object, times = Infinity): Interference {
    return (asked) => (asked === what && times-- > 0 ? answer : undefined);
}

/** A set that was written once. */
async function written() {
    const set = ciliumSet();
    await set.up();
    return set;
}

describe("a preview", () => {
    for (const [what, asked, answer, warning] of [
        [
            "without the right to run commands in the server's pod",
            "agent list",
            new Reply(403),
            /cannot see the entries on the SPIRE server: could not start .* 403/,
        ],
        [
            "without the right to read nodes",
            NODES,
            refusal(403, 'nodes is forbidden: User "ci" cannot list resource "nodes"'),
            /cannot see the nodes and entries .*Kubernetes API 403: nodes is forbidden: User "ci"/,
        ],
        ["of no nodes at all", NODES, { items: [] }, /cannot see the nodes .*the list is empty/],
        [
            "of entries that were cut off",
            "entry show",
            { stdout: '{"entries":[{"id":"cilium-spi' },
            /entry show in pod spire-system\/spire-server-0 printed 29 bytes, JSON that was cut off: it ends with .*"cilium-spi/,
        ],
        [
            "of what is no JSON",
            "entry show",
            { stdout: "Found 0 entries\n" },
            /entry show in pod .* printed 16 bytes, which are no JSON: Found 0 entries$/,
        ],
        [
            "of an empty answer",
            "agent list",
            { stdout: "", stderr: `${"x".repeat(900)} the cause` },
            /agent list in pod .* printed 0 bytes, .*its output is empty; standard error: x{200} \.\.\. x+ the cause$/,
        ],
    ] as const) {
        test(`${what} warns, and shows the rest as it was`, async () => {
            const set = await written();
            spire.interfere = only(asked, answer);
            const { inputs, failures, changes, warnings } = await set.preview();
            assert.match(warnings, warning);
            assert.deepEqual({ failures, changes }, { failures: [], changes: false });
            assert.deepEqual(inputs.entries, set.outs!.entries);
        });
    }

    test("without any right before the first up warns, and shows what it can", async () => {
        spire.interfere = () => refusal(403, "forbidden");
        const { inputs, failures, warnings } = await ciliumSet().preview();
        assert.match(warnings, /cannot see the nodes and entries/);
        assert.deepEqual([failures, inputs.entries], [[], undefined]);
    });

    test("of a DaemonSet whose pods do not show keeps all entries", async () => {
        const set = await written();
        for (const podless of [["a", "b"], ["b"]]) {
            for (const name of podless) spire.nodes[name]!.podless = true;
            const { inputs, changes } = await set.preview();
            assert.deepEqual([inputs.entries, changes], [set.outs!.entries, false]);
        }
    });
});

describe("an up", () => {
    test("fails when the DaemonSet's pods do not show, and deletes nothing", async () => {
        const set = await written();
        spire.data.delete("cilium-spire.dev.cilium.uid-b.parent-link");
        const before = spire.roles;
        for (const node of Object.values(spire.nodes)) node.podless = true;
        await assert.rejects(set.up(), /DaemonSet spire-system\/spire-agent has 0 of 2 pods/);
        assert.deepEqual(spire.roles, before);
    });

    test("fails when nodes do not show, and neither deletes nor evicts", async () => {
        const set = await written();
        const before = spire.roles;
        spire.data.delete("cilium-spire.dev.cilium.uid-b.parent-link");
        // The preview is the last to see any.
        let lists = 0;
        spire.interfere = (asked) => (asked === NODES && ++lists > 1 ? { items: [] } : undefined);
        await assert.rejects(set.up(), /has 0 of 2 pods/);
        assert.deepEqual([...spire.agents.keys()], ["uid-a", "uid-b"]);
        assert.deepEqual(
            spire.roles,
            before.filter((role) => role !== "uid-b/parent-link"),
        );
    });

    test("evicts nobody whose node is in a list that is newer than that of the agents", async () => {
        const set = await written();
        spire.join("joining");
        const { joining, ...others } = spire.nodes;
        spire.nodes = others;
        spire.join("c");
        // The lists of the preview and of the wait are from before it joined.
        let lists = 0;
        spire.interfere = (asked) => {
            if (asked === NODES && ++lists === 3) spire.nodes.joining = joining!;
            return undefined;
        };
        await set.up();
        assert.equal(lists, 3);
        assert.ok(spire.agents.has("uid-joining"));
    });

    test("does not mind that SPIRE has pruned the agent that it evicts", async () => {
        const set = await written();
        delete spire.nodes.b;
        spire.interfere = (asked) => {
            if (asked === "agent evict") spire.agents.delete("uid-b");
            return undefined;
        };
        await set.up();
        assert.deepEqual([...spire.agents.keys()], ["uid-a"]);
    });

    test("waits for a DaemonSet that is not there, to its deadline", async () => {
        spire.interfere = only(DAEMON_SET, refusal(404, "not found"));
        await assert.rejects(
            ciliumSet().up(),
            /after 1 s: DaemonSet spire-system\/spire-agent does not exist/,
        );
    });
});

test("without nodes no agent is stale", () => {
    const identity = { trustDomain: "demo.local", clusterName: "precinct-99" };
    const spiffeId = "spiffe://demo.local/spire/agent/k8s_psat/precinct-99/gone";
    const agents = [{ spiffeId, banned: false, expiresAt: 0 }];
    assert.deepEqual(staleAgents(identity, [], agents), []);
    const other = { name: "a", uid: "uid-a", labels: {} };
    assert.deepEqual(staleAgents(identity, [other], agents), [spiffeId]);
});
