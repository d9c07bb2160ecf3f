/** What the doctor finds that a sandbox cannot show at little cost: on a cluster in memory. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { run } from "../../../sandbox/host/shell";
import type { Finding } from "../../../doctor/checks/check";
import { examineUntilHealthy, type Result } from "../../../doctor/examination/examine";
import { knownStack } from "../../../doctor/site";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire, refusal } from "../../support/fakeSpire";
import { Reply } from "../../support/fakeCluster";
import { ciliumSet } from "../../component/entries-provider/stack";

const ID = { project: "cilium-spire", stack: "dev" };
const RAW = { trustDomain: "demo.local", clusterName: "precinct-99" };
const SERVER = "/apis/apps/v1/namespaces/spire-system/statefulsets/spire-server";
const AGENTS = "/apis/apps/v1/namespaces/spire-system/daemonsets/spire-agent";
const CILIUM = "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium";
const PODS = "/api/v1/namespaces/spire-system/pods";
const IDENTITIES = "/apis/cilium.io/v2/ciliumidentities";

const spire = FakeSpire.anew();

async function examine(id: string, settings: object = {}): Promise<Result> {
    const stack = knownStack(decodeSettings({ ...RAW, ...settings }), ID);
    const [result] = await examineUntilHealthy({ cluster: new Cluster(), stack, only: [id] });
    return result!;
}

/** The one finding of a check. */
async function finding(id: string, settings?: object): Promise<Finding> {
    const { findings, seen } = await examine(id, settings);
    assert.equal(findings.length, 1, `${seen} ${JSON.stringify(findings)}`);
    return findings[0]!;
}

/** Answers to reads, by their paths. */
function given(answers: Record<string, object>): void {
    spire.interfere = (what) => answers[what.replace(/^GET /, "")];
}

function workload(app: string, containers: object[], more: object = {}) {
    const template = { spec: { containers } };
    return { spec: { selector: { matchLabels: { app } }, template, ...more } };
}

function pod(name: string, status: object): object {
    return { metadata: { name, namespace: "spire-system" }, spec: {}, status };
}

const ready = { conditions: [{ type: "Ready", status: "True" }] };

test("a server that is not Ready, with why; one of several is a note", async () => {
    const conditions = [{ type: "PodScheduled", status: "False", message: "no volume" }];
    const pending = pod("spire-server-0", { phase: "Pending", conditions });
    given({ [PODS]: { items: [pending] } });
    const down = await finding("spire-server");
    assert.equal(down.trouble, "server-down");
    assert.match(down.what, /^pod spire-server-0 is not scheduled.*no volume/);
    assert.match(down.cure, /`kubectl -n spire-system describe pod spire-server-0`/);
    given({ [PODS]: { items: [pod("spire-server-1", ready), pending] } });
    const { verdict, findings } = await examine("spire-server");
    assert.equal(verdict, "note");
    assert.equal(findings[0]!.trouble, "server-replica-down");
    assert.equal(findings[0]!.where, "Pod spire-system/spire-server-0");
});

test("a crashing server is told with the last words of its former self", async () => {
    const state = { waiting: { reason: "CrashLoopBackOff" } };
    const containerStatuses = [{ name: "spire-server", restartCount: 3, state }];
    const lines = ['level=info msg="x"', 'level=error msg="datastore-sql: no route"', "bye"];
    given({
        [PODS]: { items: [pod("spire-server-0", { containerStatuses })] },
        [`${PODS}/spire-server-0/log`]: lines.join("\n") as unknown as object,
    });
    assert.match((await finding("spire-server")).what, /its last words: .*datastore-sql: no route/);
});

test("a server that answers no question, and a user who may not ask", async () => {
    spire.interfere = (what) =>
        what === "agent list"
            ? { code: 1, stderr: "datastore-sql: connection refused" }
            : undefined;
    const mute = await finding("spire-server");
    assert.equal(mute.trouble, "server-mute");
    assert.match(mute.what, /connection refused/);
    spire.interfere = (what) => (what === "agent list" ? new Reply(403) : undefined);
    const denied = await finding("spire-server");
    assert.equal(denied.trouble, "server-exec-denied");
    assert.match(denied.cure, /rbac\/exec\.yaml/);
    const { verdict, seen } = await examine("entries");
    assert.equal(verdict, "left out");
    assert.match(seen, /^the SPIRE server could not be asked: .*403/);
});

test("a CA that does not rotate is told before it expires", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-ca-"));
    t.after(() => rm(dir, { recursive: true }));
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const out = ["-keyout", "k", "-out", "c", "-subj", "/CN=ca", "-days", "30"];
    await run("openssl", ["req", "-x509", ...key, ...out], { cwd: dir });
    const stdout = await readFile(join(dir, "c"), "utf8");
    spire.interfere = (what) => (what === "bundle show" ? { stdout } : undefined);
    const now = Date.now();
    t.mock.timers.enable({ apis: ["Date"], now });
    const after = (days: number) => t.mock.timers.setTime(now + days * 24 * 3600 * 1000);
    after(25);
    const { verdict, seen } = await examine("ca");
    assert.equal(verdict, "ok");
    assert.match(seen, /^1 in the bundle, the last expires in (5\.0|4\.9) days$/);
    for (const [days, verb] of [
        [27, "expires"],
        [31, "expired"],
    ] as const) {
        after(days);
        const { trouble, what, cure } = await finding("ca");
        assert.equal(trouble, "ca-expiring");
        assert.match(what, new RegExp(`^the last CA of its bundle ${verb} on `));
        assert.match(cure, /logs spire-server-0 -c spire-server`/);
    }
});

test("versions that do not go together, and those with an advisory", async () => {
    const images = (server: string, agent: string, cilium: string) =>
        given({
            [SERVER]: workload("server", [{ name: "spire-server", image: `s:${server}` }]),
            [AGENTS]: workload("agent", [{ name: "spire-agent", image: `s:${agent}` }]),
            [CILIUM]: workload("cilium", [{ name: "cilium-agent", image: `c:v${cilium}` }]),
        });
    images("1.14.7", "1.15.3", "1.19.6");
    const skew = await finding("versions");
    assert.equal(skew.trouble, "version-skew");
    assert.match(skew.what, /agents 1\.15\.3 are newer than the server 1\.14\.7/);
    images("1.15.3", "1.15.3", "1.15.7");
    const { verdict, findings } = await examine("versions");
    assert.equal(verdict, "note");
    assert.deepEqual(new Set(findings.map(({ trouble }) => trouble)), new Set(["version-advice"]));
    images("2.0.0", "2.0.0", "1.19.6");
    assert.equal((await finding("versions")).trouble, "version-unsupported");
    images("1.15.3", "1.14.7", "1.19.6");
    assert.equal((await examine("versions")).verdict, "ok");
});

test("an agent without its node is stale, and evicted by the cure", async () => {
    await ciliumSet().up();
    spire.agents.set("uid-gone", { x509svid_expires_at: String(Date.now() / 1000 + 60) });
    const stale = await finding("nodes");
    assert.equal(stale.trouble, "agent-stale");
    assert.match(stale.cure, /agent evict -spiffeID spiffe:\/\/demo\.local\/.*\/uid-gone`$/);
});

test("a link that is an alias reaches every agent with its selectors", async () => {
    const config = { "mesh-auth-spiffe-trust-domain": "demo.local" };
    const selectors = [{ type: "k8s_psat", value: "cluster:precinct-99" }];
    for (const uid of ["uid-a", "uid-b"]) Object.assign(spire.agents.get(uid)!, { selectors });
    await ciliumSet({ strategy: "nodeAlias" }).up();
    const registration = { strategy: "nodeAlias" };
    given({ "/api/v1/namespaces/kube-system/configmaps/cilium-config": { data: config } });
    const { findings } = await examine("delegates", { registration });
    // The alias wants the agent's namespace and service account as well.
    assert.equal(findings.length, 2);
    assert.match(findings[0]!.what, /and no entry spiffe:\/\/demo\.local\/cilium-operator/);
    selectors.push({ type: "k8s_psat", value: "agent_ns:spire-system" });
    selectors.push({ type: "k8s_psat", value: "agent_sa:spire-agent" });
    const { verdict } = await examine("delegates", { registration });
    assert.equal(verdict, "ok");
});

test("an identity that is gone while one looks is neither missing nor stale", async () => {
    await ciliumSet().up();
    let reads = 0;
    spire.interfere = (what) => {
        if (what !== `GET ${IDENTITIES}`) return undefined;
        return { items: reads++ % 2 === 0 ? [{ metadata: { name: "4711" } }] : [] };
    };
    const { verdict } = await examine("identities");
    assert.equal(verdict, "ok");
});

test("what the API server refuses is left out where an up has no use for it", async () => {
    spire.interfere = (what) =>
        what.includes("ciliumnetworkpolicies") ? refusal(403, "forbidden") : undefined;
    const { verdict, seen } = await examine("policies");
    assert.equal(verdict, "left out");
    assert.match(seen, /^not allowed: Kubernetes API 403: forbidden/);
});
