/** What is asked of a cluster's Cilium and its operator's nodes, which here are the answers of a web server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { decodeSettings } from "../../../settings/decode";
import { requireCilium } from "../../../doctor/ciliumRequirements";
import { useFakeCluster } from "../../support/fakeCluster";

interface Running {
    /** Of the agents. */
    version?: string;
    installedBy?: string;
    allocation?: string;
    /** The pod of the operator's Deployment. */
    operator?: object;
    /** Number of nodes that match whatever is asked for. */
    nodes?: number;
    inMesh?: true;
    /** Whose the admin socket's directory in the agents is, and which. */
    mounted?: { manager: string; path: string };
}

/** As the API server has them of a release of Helm's; test/e2e/40-adoption.test.ts has real ones. */
const SOCKET_FIELDS = {
    "f:spec": {
        "f:template": {
            "f:spec": {
                "f:volumes": {
                    'k:{"name":"spire-agent-socket"}': { "f:hostPath": { "f:path": {} } },
                },
            },
        },
    },
};

const STACK = { project: "cilium-spire", stack: "dev" };

let running: Running = {};

useFakeCluster((url) => {
    const { version, installedBy, allocation, operator, nodes = 0, inMesh, mounted } = running;
    if (url === "/api/v1/nodes") {
        return { items: Array.from({ length: nodes }, (_, i) => ({ metadata: { name: `${i}` } })) };
    }
    if (url.endsWith("/deployments/clustermesh-apiserver") && inMesh) return {};
    if (url.endsWith("/deployments/cilium-operator") && operator) {
        return { spec: { template: { spec: { containers: [], ...operator } } } };
    }
    if (version === undefined) return undefined;
    if (url === "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium") {
        const image = `quay.io/cilium/cilium:v${version}`;
        return {
            metadata: {
                annotations: { "cilium-spire.io/installed-by": installedBy },
                managedFields: mounted && [
                    { manager: "kubectl", fieldsV1: { "f:metadata": {} } },
                    { manager: mounted.manager, fieldsV1: SOCKET_FIELDS },
                ],
            },
            spec: {
                template: {
                    spec: {
                        containers: [{ name: "cilium-agent", image }],
                        volumes: mounted && [
                            { name: "spire-agent-socket", hostPath: { path: mounted.path } },
                        ],
                    },
                },
            },
        };
    }
    if (url === "/api/v1/namespaces/kube-system/configmaps/cilium-config") {
        return { data: { "identity-allocation-mode": allocation ?? "crd" } };
    }
    return undefined;
});

async function required(now: Running, cilium: object, rest: object = {}): Promise<void> {
    running = now;
    const settings = { trustDomain: "demo.local", clusterName: "precinct-99", cilium, ...rest };
    await requireCilium(new Cluster(), decodeSettings(settings), STACK);
}

const adopt = (now: Running, rest?: object) =>
    required(now, { mode: "adopt", version: "1.18.4" }, rest);
const install = (now: Running, version: string, rest?: object) => required(now, { version }, rest);
const restricted = (operatorNodeLabels: object) => ({ registration: { operatorNodeLabels } });

test("a Cilium is adopted that is there, in that version, and from someone else", async () => {
    await assert.doesNotReject(adopt({ version: "1.18.4" }));
    await assert.doesNotReject(adopt({ version: "1.18.4", installedBy: "other" }));
    await assert.rejects(adopt({}), /kube-system has no DaemonSet "cilium"/);
    await assert.rejects(adopt({ version: "1.17.1" }), /the agents run 1\.17\.1; set it to/);
    await assert.rejects(adopt({ version: "1.18.4", allocation: "kvstore" }), /must be "crd"/);
    await assert.rejects(
        adopt({ version: "1.18.4", installedBy: "cilium-spire.dev" }),
        /this stack installed the Cilium .* and would now delete it; set cilium\.mode to "install"/,
    );
});

test("a Cilium is adopted whose release has no sockets, or the same ones", async () => {
    const version = "1.18.4";
    const of = (manager: string, path: string) => adopt({ version, mounted: { manager, path } });
    await assert.doesNotReject(of("helm", "/run/spire/admin-sockets"));
    // What an earlier setting of this stack's left is its own.
    await assert.doesNotReject(of("cilium-spire-0123abcd", "/run/elsewhere"));
    await assert.rejects(
        of("helm", "/run/elsewhere"),
        /^Error: spire\.sockets\.admin = "\/run\/spire\/admin-sockets\/admin\.sock", but DaemonSet cilium of namespace kube-system mounts \/run\/elsewhere for it.* Set authentication\.mutual\.spire\.adminSocketPath to "\/run\/spire\/admin-sockets\/admin\.sock" there, with "helm upgrade", or spire\.sockets\.admin to a socket in \/run\/elsewhere\.$/,
    );
    const off = { mutualAuth: false };
    await assert.doesNotReject(
        adopt({ version, mounted: { manager: "helm", path: "/run/elsewhere" } }, off),
    );
});

test("an installed Cilium moves by one minor release at a time", async () => {
    await assert.doesNotReject(install({}, "1.19.6"));
    await assert.doesNotReject(install({ version: "1.18.4" }, "1.19.6"));
    await assert.rejects(
        install({ version: "1.17.0" }, "1.19.6"),
        /Go 1\.17\.0 -> 1\.18 -> 1\.19\.6/,
    );
    await assert.rejects(
        install({ version: "1.20.2" }, "1.18.4"),
        /Go 1\.20\.2 -> 1\.19 -> 1\.18\.4/,
    );
});

test("a cluster in a mesh is refused, whoever installed Cilium, unless authentication is off", async () => {
    const now: Running = { version: "1.18.4", inMesh: true };
    const refusal =
        /in a Cluster Mesh \(.* has Deployment "clustermesh-apiserver"\).*set mutualAuth/;
    await assert.rejects(adopt(now), refusal);
    await assert.rejects(install(now, "1.18.4"), refusal);
    await assert.doesNotReject(adopt(now, { mutualAuth: false }));
});

test("an installed operator needs a node for each replica", async () => {
    const labels = { "node-role.kubernetes.io/control-plane": "", zone: "a" };
    await assert.rejects(
        install({}, "1.19.6", restricted(labels)),
        /registration\.operatorNodeLabels: no node has the labels node-role\.kubernetes\.io\/control-plane=,zone=a, .*; label them with "kubectl label node NODE node-role\.kubernetes\.io\/control-plane= zone=a"/,
    );
    await assert.rejects(
        install({ nodes: 1 }, "1.19.6", restricted(labels)),
        /only 1 of 2 nodes have .* or set cilium\.values\.operator\.replicas/,
    );
    await assert.doesNotReject(install({ nodes: 2 }, "1.19.6", restricted(labels)));
    const values = { operator: { replicas: 1 } };
    const one = required({ nodes: 1 }, { values }, restricted(labels));
    await assert.doesNotReject(one);
});

test("an adopted operator must stay on the nodes of its identity", async () => {
    const labels = { role: "system" };
    const now = { version: "1.18.4", nodes: 1 };
    await assert.rejects(
        adopt({ ...now, operator: {} }, restricted(labels)),
        /Deployment kube-system\/cilium-operator may run on nodes without role=system, .*; set operator\.nodeSelector to these labels in the values of the Helm release/,
    );
    await assert.rejects(adopt(now, restricted(labels)), /has no Deployment "cilium-operator"/);
    const operator = { nodeSelector: { role: "system", "kubernetes.io/os": "linux" } };
    await assert.doesNotReject(adopt({ ...now, operator }, restricted(labels)));
    await assert.rejects(adopt({ ...now, nodes: 0, operator }, restricted(labels)), /no node has/);
    await assert.doesNotReject(adopt({ ...now, operator: {} }));
});
