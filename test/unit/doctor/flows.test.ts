/** What the doctor makes of Hubble's flows, on a cluster in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { examineUntilHealthy, type Result } from "../../../doctor/examination/examine";
import { knownStack } from "../../../doctor/site";
import { decodeSettings } from "../../../settings/decode";
import { Reply } from "../../support/fakeCluster";
import { FakeSpire } from "../../support/fakeSpire";

const PODS = "GET /api/v1/namespaces/kube-system/pods";
const CONFIG = "GET /api/v1/namespaces/kube-system/configmaps/cilium-config";
const DROPS = "observe --type";
const PASSED = "observe --verdict";
const NOW = Date.parse("2026-01-01T00:00:00Z");
const CLIENT = { identity: 4711, namespace: "shop", pod_name: "client-1" };
const SERVER = { identity: 4712, namespace: "shop", pod_name: "server-1" };
const HOST = { identity: 1, labels: ["reserved:host"] };

const spire = FakeSpire.anew();

async function examine(): Promise<Result> {
    const raw = { trustDomain: "demo.local", clusterName: "precinct-99" };
    const stack = knownStack(decodeSettings(raw), { project: "cilium-spire", stack: "dev" });
    const [result] = await examineUntilHealthy({ cluster: new Cluster(), stack, only: ["flows"] });
    return result!;
}

function agent(node: string) {
    return {
        metadata: { name: `cilium-${node}`, namespace: "kube-system" },
        spec: { nodeName: node },
        status: { conditions: [{ type: "Ready", status: "True" }] },
    };
}

/** A line of `hubble observe`. */
function line(seconds: number, source: object, destination: object, more: object = {}): string {
    const time = new Date(NOW + seconds * 1000).toISOString();
    return JSON.stringify({ flow: { time, source, destination, ...more } });
}

const drop = (seconds: number, source: object = CLIENT, destination: object = SERVER) =>
    line(seconds, source, destination, { drop_reason_desc: "AUTH_REQUIRED" });
const pass = (seconds: number, more?: object) => line(seconds, CLIENT, SERVER, more);

/** @param answers of one call of the CLI after another, the last one of all that follow. */
function observing(answers: (string[] | { code: number; stderr: string })[], nodes = ["a"]): void {
    const left = [...answers];
    spire.interfere = (what) => {
        if (what === PODS) return { items: nodes.map(agent) };
        if (what === CONFIG) return { data: { "enable-hubble": "true" } };
        if (what !== DROPS && what !== PASSED) return undefined;
        const answer = left.length > 1 ? left.shift()! : left[0]!;
        return Array.isArray(answer) ? { stdout: answer.join("\n") } : answer;
    };
}

test("nobody is asked where Hubble is off", async () => {
    for (const data of [{}, { "enable-hubble": "false" }]) {
        spire.interfere = (what) => (what === CONFIG ? { data } : new Reply(403));
        const { verdict, seen } = await examine();
        assert.deepEqual([verdict, seen], ["ok", "Hubble is off"]);
    }
});

test("a pair that goes on being dropped is told with its pods, nodes and the agent to ask", async () => {
    observing([[drop(0), drop(20)], [drop(1), drop(21)], []], ["a", "b"]);
    const { verdict, findings } = await examine();
    assert.equal(verdict, "wrong");
    assert.equal(findings.length, 1);
    const [{ trouble, where, what, cure }] = findings as [(typeof findings)[0]];
    assert.deepEqual([trouble, where], ["auth-dropped", "Pod shop/server-1"]);
    assert.match(
        what,
        /^packets of shop\/client-1 \(identity 4711\) to shop\/server-1 \(identity 4712\) are dropped, Authentication required: 4 within 21 s on a, b, and none passed since$/,
    );
    assert.match(cure, /`kubectl -n kube-system logs cilium-a -c cilium-agent --since=5m`/);
});

test("the first packets of a pair, other drops, and what has passed since are nothing", async () => {
    const policy = [0, 30].map((s) =>
        line(s, CLIENT, SERVER, { drop_reason_desc: "POLICY_DENIED" }),
    );
    for (const answers of [
        [[drop(0), drop(3), ...policy]],
        [[drop(0), drop(20)], [pass(21)]],
        [["a warning of the CLI", ""]],
    ]) {
        observing(answers);
        const { verdict, seen } = await examine();
        assert.equal(verdict, "ok", JSON.stringify(answers));
        assert.equal(seen, "none waits for authentication, by Hubble on 1 of 1 nodes");
    }
    observing([
        [drop(0), drop(20)],
        [pass(19), pass(30, { is_reply: true })],
    ]);
    assert.equal((await examine()).verdict, "wrong");
});

test("what can never authenticate is a note, and told by its labels", async () => {
    observing([[drop(0, HOST), drop(20, HOST), drop(0, CLIENT, HOST), drop(20, CLIENT, HOST)], []]);
    const { verdict, findings } = await examine();
    assert.equal(verdict, "note");
    assert.deepEqual(
        findings.map(({ trouble, where }) => `${trouble}: ${where}`),
        ["auth-dropped-reserved: Pod shop/server-1", "auth-dropped-reserved: identity 1"],
    );
    assert.match(findings[0]!.what, /^packets of reserved:host \(identity 1\) to /);
});

test("a node that does not answer is not counted; when none does, it is said why", async () => {
    const broken = { code: 1, stderr: "failed to connect to Hubble\n" };
    observing([broken, []], ["a", "b"]);
    const { verdict, seen } = await examine();
    assert.deepEqual(
        [verdict, seen],
        ["ok", "none waits for authentication, by Hubble on 1 of 2 nodes"],
    );
    observing([broken]);
    const none = await examine();
    assert.equal(none.verdict, "left out");
    assert.match(none.seen, /ended with 1: failed to connect to Hubble$/);
});
