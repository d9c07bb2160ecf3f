import assert from "node:assert/strict";
import { test } from "node:test";
import type { StackOutputs } from "../../../outputs";
import { summary, type UpResult } from "../../../automation/summary";

const outputs: StackOutputs = {
    outputsVersion: 1,
    spireAgent: { namespace: "spire-system", daemonSet: "spire-agent" },
    trustDomain: "demo.local",
    clusterName: "precinct-99",
    spireVersion: "1.13.3",
    ciliumVersion: "1.18.4",
    spireServer: {
        address: "spire-server.spire.svc:8081",
        namespace: "spire",
        statefulSet: "spire-server",
        container: "spire-server",
    },
    workloadSocket: "/run/spire/sockets/agent.sock",
    adminSocket: "/run/spire/sockets/admin.sock",
    trustBundle: { namespace: "spire", configMap: "spire-bundle" },
    agents: {
        "precinct-99-worker": "spiffe://demo.local/spire/agent/k8s_psat/precinct-99/1",
        "precinct-99-control-plane": "spiffe://demo.local/spire/agent/k8s_psat/precinct-99/2",
    },
};
const result: UpResult = {
    kubernetesVersion: "1.34.2",
    nodes: 3,
    outputs,
    evidence: [{ what: "A pod that no policy names is blocked", seen: "stranger timed out" }],
    kubeconfig: "/state/kubeconfig",
    seconds: 1122,
    variables: {},
};

test("the summary says what runs, what was seen and what to do next, aligned and without JSON", () => {
    const text = summary(result);
    assert.match(text, /^Pods authenticate each other, in 18 min 42 s from the start:\n/);
    assert.match(text, /^ {2}cluster {8}precinct-99, 3 nodes, Kubernetes 1\.34\.2$/m);
    assert.match(text, /^ {2}A pod that no policy names is blocked: stranger timed out\.$/m);
    assert.match(text, /^ {2}precinct-99-worker {9}spiffe:\/\/demo\.local\/.*\/1$/m);
    assert.match(text, /^ {2}export KUBECONFIG=\/state\/kubeconfig {2}for kubectl$/m);
    assert.match(text, /^ {2}make down {2,}remove all of it$/m);
    assert.doesNotMatch(text, /[{}]|undefined/);
});

test("the next commands work on the same sandbox and versions", () => {
    const text = summary({ ...result, variables: { CILIUM: "1.19.6", CILIUM_SPIRE_SANDBOX: "4" } });
    assert.match(text, /^ {2}make preview CILIUM=1\.19\.6 CILIUM_SPIRE_SANDBOX=4 {2}/m);
    assert.match(text, /^ {2}make down CILIUM=1\.19\.6 CILIUM_SPIRE_SANDBOX=4 {2}/m);
});

test("a stack without entries per agent has no list of agents", () => {
    const { agents: _, ...rest } = outputs;
    assert.doesNotMatch(summary({ ...result, outputs: rest }), /SPIRE agents|undefined/);
});
