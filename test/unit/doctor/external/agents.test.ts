/** What Cilium needs of someone else's agents: each thing that is missing is named by key, with the line to add. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentConfProblems } from "../../../../doctor/external/agents";
import { serverConfProblems } from "../../../../doctor/external/server";
import { type Conf, parseConf } from "../../../../doctor/external/spireConf";
import { managerProblem } from "../../../../doctor/external/controllerManager";
import { decodeSettings } from "../../../../settings/decode";
import type { ExternalStack } from "../../../../doctor/external/requirements";
import { BY_HAND, CHART, CHART_POD, HAND_POD } from "./confs";

const SOCKETS = {
    workload: "/run/spire/sockets/agent.sock",
    admin: "/run/spire/admin-sockets/admin.sock",
};
const HAND = { agent: { delegate: "/ns/kube-system/sa/cilium" }, sockets: SOCKETS };

function stack(spire: object, more: object = {}): ExternalStack {
    return decodeSettings({
        ...{ trustDomain: "demo.local", clusterName: "precinct-99", ...more },
        spire: { mode: "external", ...spire },
    }) as ExternalStack;
}

function problems(spire: object, conf: string, pod = HAND_POD, more = {}): string {
    return [...agentConfProblems(stack(spire, more), parseConf(conf), pod)].join("\n");
}

test("agents that have all of it are taken as they are", () => {
    assert.equal(problems(HAND, BY_HAND), "");
    assert.equal(problems({}, JSON.stringify(CHART), CHART_POD), "");
});

/** The guides' configuration without lines, or with others. */
const without = (line: RegExp, other = "") => BY_HAND.replace(line, other);

const cases: [string, string, RegExp][] = [
    [
        "no admin socket",
        without(/ *admin_socket_path.*/),
        /^spire\.sockets\.admin = .*no admin socket; have admin_socket_path = "\/run\/spire\/admin-sockets\/admin\.sock" added .* spire-agent\.sockets\.admin: \{ enabled: true, mountOnHost: true \}$/,
    ],
    [
        "an admin socket in the pod",
        without(/\/run\/spire\/admin-sockets\//, "/var/private/"),
        /^spire\.sockets\.admin = .*nothing is mounted from the host; .*mountOnHost: true$/,
    ],
    [
        "an admin socket elsewhere",
        without(/admin-sockets\/admin/, "admin-sockets/other"),
        /^spire\.sockets\.admin = .*: the agents have it at \/run\/spire\/admin-sockets\/other\.sock of their nodes; set it to "\/run\/spire\/admin-sockets\/other\.sock"$/,
    ],
    [
        "a workload socket elsewhere",
        without(/sockets\/agent/, "sockets/a"),
        /^spire\.sockets\.workload = .*set it to "\/run\/spire\/sockets\/a\.sock"$/,
    ],
    [
        "a workload socket at SPIRE's default, in the pod",
        without(/ *socket_path = .*/),
        /^spire\.sockets\.workload = .*at \/tmp\/spire-agent\/public\/api\.sock of their pods/,
    ],
    [
        "no delegates",
        without(/authorized_delegates = \[[^\]]*\]/),
        /^spire\.agent\.delegate = .*: the agents let nobody ask .* authorized_delegates = \["spiffe:\/\/demo\.local\/ns\/kube-system\/sa\/cilium"\] added .*spire-agent\.authorizedDelegates: \["\/ns\/kube-system\/sa\/cilium"\]$/,
    ],
    [
        "another delegate",
        without(/sa\/cilium"/, 'sa/other"'),
        /^spire\.agent\.delegate = .*: the agents let only spiffe:\/\/demo\.local\/ns\/kube-system\/sa\/other ask .*, or name here that of them which is Cilium's/,
    ],
    [
        "another cluster name",
        without(/precinct-99/, "east"),
        /^clusterName = "precinct-99": the agents attest as of "east"; set it to that$/,
    ],
    [
        "another attestor",
        without(/NodeAttestor "k8s_psat"/, 'NodeAttestor "x509pop"'),
        /^clusterName = .*: the agents attest by x509pop, .*k8sPSAT\.enabled: true$/,
    ],
    [
        "no attestor of pods",
        without(/WorkloadAttestor "k8s"/, 'WorkloadAttestor "unix"'),
        /^spire\.agent: the agents do not tell pods apart; /,
    ],
    [
        "no selectors of containers",
        without(/skip_kubelet/, "disable_container_selectors = true\nskip_kubelet"),
        /^spire\.agent: the agents do not tell containers apart.*disableContainerSelectors: false$/,
    ],
];
for (const [what, conf, message] of cases) {
    test(`refused: ${what}`, () => {
        assert.match(problems(HAND, conf), message);
    });
}

test("refused: another trust domain", () => {
    assert.match(
        problems(HAND, BY_HAND, HAND_POD, { trustDomain: "b.org" }),
        /^trustDomain = "b\.org": the agents are of "demo\.local"; set it to that$/m,
    );
});

test("a server is asked for its socket, its clusters and the labels that it knows", () => {
    const conf = (cluster: string, more = "") =>
        parseConf(`server { ${more} }
        plugins {
            NodeAttestor "k8s_psat" { plugin_data { clusters = { ${cluster} } } }
        }`);
    const check = (text: Conf, settings: object = {}, server: object = {}) =>
        [...serverConfProblems(stack({ server }, settings), text)].join("\n");
    const fine = conf('"precinct-99" = { service_account_allow_list = ["a:b"] }');
    assert.equal(check(fine), "");
    assert.match(
        check(conf('"precinct-99" = {}', 'socket_path = "/run/api.sock"')),
        /^spire\.server\.socketPath = .*: the server has it at \/run\/api\.sock; set it to "\/run\/api\.sock"$/,
    );
    assert.match(check(conf('"east" = {}')), /^clusterName = .*admits agents of east; set it/);
    assert.match(
        check(conf('"precinct-99" = { use_pod_uid_for_agent_id = true }')),
        /^clusterName = .*have use_pod_uid_for_agent_id removed/,
    );
    const operatorNodeLabels = { "node.example.org/role": "trusted" };
    const alias = { registration: { strategy: "nodeAlias", operatorNodeLabels } };
    assert.equal(check(fine, { registration: { operatorNodeLabels } }), "");
    assert.match(
        check(fine, alias),
        /allowed_node_label_keys = \["node\.example\.org\/role"\] added .*allowedNodeLabelKeys: \["node\.example\.org\/role"\]$/,
    );
    const known = conf('"precinct-99" = { allowed_node_label_keys = ["node.example.org/role"] }');
    assert.equal(check(known, alias), "");
});

test("a controller manager that keeps to its own entries is none of our business", () => {
    const config = (more: string) =>
        managerProblem("M", `kind: ControllerManagerConfig\n${more}`, "cilium-spire.dev");
    assert.equal(managerProblem("M", "kind: Other", "cilium-spire.dev"), undefined);
    assert.equal(managerProblem("M", "server { trust_domain = {", "cilium-spire.dev"), undefined);
    assert.equal(config("entryIDPrefix: precinct-99"), undefined);
    assert.equal(config('entryIDPrefix: precinct-99\nentryIDPrefixCleanup: "old."'), undefined);
    assert.match(config("gcInterval: 10s")!, /^M: .*no entryIDPrefix.*addEntryIDPrefix: true$/);
    assert.match(config("entryIDPrefix: cilium-spire")!, /deletes them; give the stack/);
    assert.match(config('entryIDPrefix: a\nentryIDPrefixCleanup: ""')!, /entryIDPrefixCleanup/);
});
