/** What Cilium's pods were started with, and what its operator says of policies: on a cluster in memory. */
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { ciliumArgs } from "../../../components/cilium/args";
import { meshAuthConfig } from "../../../components/cilium/meshAuthConfig";
import { examineUntilHealthy, type Result } from "../../../doctor/examination/examine";
import { knownStack } from "../../../doctor/site";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire } from "../../support/fakeSpire";

const settings = decodeSettings({ trustDomain: "demo.local", clusterName: "precinct-99" });
const wanted = meshAuthConfig(ciliumArgs(settings));
const KUBE = "/api/v1/namespaces/kube-system";

const spire = FakeSpire.anew();

/** Of the cluster in the next examination. */
let data: Record<string, string>;
let log: string;
/** Of each agent, what a command in its pod prints. */
let copies: Record<string, string>;
let volumes: object[];
let policies: object[];

beforeEach(() => {
    [data, log, copies, volumes, policies] = [{ ...wanted }, logOf(wanted), {}, [], []];
    let asked = 0;
    spire.interfere = (what) => {
        const agents = Object.keys(copies).map(agentPod);
        switch (what) {
            case `GET ${KUBE}/configmaps/cilium-config`:
                return { data };
            case `GET ${KUBE}/pods`:
                return agents.length > 0 ? { items: agents } : undefined;
            case `GET ${KUBE}/pods/operator-1/log`:
                return log as unknown as object;
            case "GET /apis/cilium.io/v2/ciliumnetworkpolicies":
                return { items: policies };
            case "GET /apis/cilium.io/v2/ciliumclusterwidenetworkpolicies":
            case "GET /apis/cilium.io/v2/ciliumidentities":
                return { items: [] };
        }
        if (!what.startsWith("-c ")) return undefined;
        return { stdout: Object.values(copies)[asked++]! };
    };
});

function agentPod(nodeName: string): object {
    const volumeMounts = [{ name: "config", mountPath: "/tmp/cilium/config-map" }];
    const args = ["--config-dir=/tmp/cilium/config-map"];
    return {
        metadata: { name: `cilium-${nodeName}`, namespace: "kube-system" },
        spec: { nodeName, containers: [{ name: "cilium-agent", args, volumeMounts }], volumes },
        status: { conditions: [{ type: "Ready", status: "True" }] },
    };
}

/** As cilium-operator writes it when it starts. */
function logOf(config: Record<string, string>): string {
    const options = Object.entries({ "leader-election": "1", ...config });
    const lines = options.map(([key, value]) => `time=x level=info msg="  --${key}='${value}'"`);
    return [...lines, "level=info msg=Leading"].join("\n");
}

function copyOf(config: Record<string, string>): string {
    return Object.entries(config)
        .map((pair) => `${pair.join("=")}\n`)
        .join("");
}

async function examine(id: string): Promise<Result> {
    const stack = knownStack(settings, { project: "cilium-spire", stack: "dev" });
    const [result] = await examineUntilHealthy({ cluster: new Cluster(), stack, only: [id] });
    return result!;
}

describe("the operator", () => {
    test("that started with what the ConfigMap says is well", async () => {
        const { verdict, seen } = await examine("operator-start");
        assert.deepEqual([verdict, seen], ["ok", "as its ConfigMap says"]);
    });

    test("that started before is found, by its log, with what heals it", async () => {
        log = logOf({ ...wanted, "mesh-auth-enabled": "false", "mesh-auth-mutual-enabled": "" });
        const { verdict, findings } = await examine("operator-start");
        assert.equal(verdict, "wrong");
        const [{ trouble, what, where, cure }] = findings as [(typeof findings)[0]];
        assert.equal(trouble, "operator-outdated");
        assert.equal(where, "Deployment kube-system/cilium-operator");
        const first = 'mesh-auth-enabled is "true" and was "false" when it started';
        assert.ok(what.startsWith(`${first}; mesh-auth-mutual-enabled is "true" and was ""`), what);
        assert.match(cure, /`kubectl -n kube-system delete pod -l io\.cilium\/app=operator`$/);
    });

    test("whose log was rotated is left out", async () => {
        log = "level=info msg=Leading";
        const { verdict, seen } = await examine("operator-start");
        assert.equal(verdict, "left out");
        assert.match(seen, /has its beginning/);
    });

    test("is not to be restarted with a key that is wrong now", async () => {
        data["mesh-auth-mutual-enabled"] = "false";
        assert.equal((await examine("operator-start")).verdict, "ok");
    });
});

describe("Cilium's agents", () => {
    test("that started with what the ConfigMap says are well", async () => {
        copies = { a: copyOf(wanted), b: copyOf(wanted) };
        const { verdict, seen } = await examine("cilium-start");
        assert.deepEqual([verdict, seen], ["ok", "as their ConfigMap says, on 2 nodes"]);
    });

    test("that started before are found, with their nodes", async () => {
        const { "mesh-auth-spire-admin-socket": _, ...without } = wanted;
        copies = {
            b: copyOf({ ...wanted, "mesh-auth-enabled": "false" }),
            a: copyOf({ ...without, "mesh-auth-enabled": "false" }),
        };
        const { verdict, findings } = await examine("cilium-start");
        assert.equal(verdict, "wrong");
        assert.equal(findings.length, 1);
        const { trouble, what, where, cure } = findings[0]!;
        assert.equal(trouble, "cilium-agents-outdated");
        assert.equal(where, "DaemonSet kube-system/cilium");
        assert.match(
            what,
            /^mesh-auth-enabled is "true" and was "false" when it started on a, b; /,
        );
        assert.match(what, /admin\.sock" and was not set when it started on a$/);
        assert.match(cure, /`kubectl -n kube-system rollout restart daemonset\/cilium`/);
    });

    test("are left out where the ConfigMap itself is mounted, which changes while they run", async () => {
        copies = { a: copyOf({ ...wanted, "mesh-auth-enabled": "false" }) };
        volumes = [{ name: "config", configMap: { name: "cilium-config" } }];
        assert.equal((await examine("cilium-start")).verdict, "left out");
    });
});

test("a policy that Cilium takes for invalid is told with its message", async () => {
    const message = "mutual auth feature is disabled but an ingress auth rule is defined in policy";
    const policy = (name: string, rule: object, status: string) => ({
        metadata: { name, namespace: "shop" },
        spec: { endpointSelector: {}, ingress: [rule] },
        status: { conditions: [{ type: "Valid", status, message }] },
    });
    const authentication = { mode: "required" };
    policies = [
        policy("one", { authentication }, "False"),
        policy("two", {}, "False"),
        policy("three", { authentication }, "True"),
    ];
    const { findings, verdict } = await examine("policies");
    assert.equal(verdict, "wrong");
    assert.deepEqual(
        findings.map(({ trouble, where, note }) => [trouble, where, note ?? false]),
        [
            ["policy-invalid", "ciliumnetworkpolicy shop/one", false],
            ["policy-invalid-other", "ciliumnetworkpolicy shop/two", true],
        ],
    );
    assert.equal(findings[0]!.what, `Cilium says: ${message}`);
    assert.match(
        findings[0]!.cure,
        /`kubectl -n shop edit ciliumnetworkpolicy one`.*`kubectl -n kube-system delete pod/,
    );
});
