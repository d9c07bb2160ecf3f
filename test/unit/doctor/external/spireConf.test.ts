/** SPIRE's configurations are read whatever they are written in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { confAt, confKeys, confText, parseConf } from "../../../../doctor/external/spireConf";
import { BY_HAND, CHART } from "./confs";

test("HCL of the guides", () => {
    const conf = parseConf(BY_HAND);
    assert.equal(
        confText(conf, "agent", "admin_socket_path"),
        "/run/spire/admin-sockets/admin.sock",
    );
    assert.deepEqual(confAt(conf, "agent", "authorized_delegates"), [
        "spiffe://demo.local/ns/kube-system/sa/cilium",
    ]);
    const data = ["plugins", "NodeAttestor", "k8s_psat", "plugin_data"];
    assert.equal(confText(conf, ...data, "cluster"), "precinct-99");
    const k8s = ["plugins", "WorkloadAttestor", "k8s", "plugin_data"];
    assert.equal(confAt(conf, ...k8s, "skip_kubelet_verification"), true);
    assert.deepEqual(confKeys(confAt(conf, "plugins", "KeyManager")), ["memory"]);
});

test("JSON of the chart, in which plugins are a list", () => {
    const conf = parseConf(JSON.stringify(CHART, undefined, 2));
    const data = ["plugins", "NodeAttestor", "k8s_psat", "plugin_data"];
    assert.equal(confText(conf, ...data, "cluster"), "precinct-99");
    assert.equal(confAt(conf, "agent", "nothing"), undefined);
});

test("several plugins of one kind, and groups that are values", () => {
    const conf = parseConf(`plugins {
        NodeAttestor "join_token" { plugin_data {} }
        NodeAttestor "k8s_psat" {
            plugin_data { clusters = { "a-1" = { service_account_allow_list = ["x:y", "z:w"], port = 8081 } } }
        }
    }`);
    assert.deepEqual(confKeys(confAt(conf, "plugins", "NodeAttestor")), ["join_token", "k8s_psat"]);
    const cluster = ["plugins", "NodeAttestor", "k8s_psat", "plugin_data", "clusters", "a-1"];
    assert.deepEqual(confAt(conf, ...cluster, "service_account_allow_list"), ["x:y", "z:w"]);
    assert.equal(confAt(conf, ...cluster, "port"), 8081);
});

test("text with marks in it stays text", () => {
    const conf = parseConf('agent { a = "x = { y } # \\"z\\" // \\n" b = "https://host" }');
    assert.equal(confText(conf, "agent", "a"), 'x = { y } # "z" // \n');
    assert.equal(confText(conf, "agent", "b"), "https://host");
});

for (const [what, text] of Object.entries({
    "cut off": 'agent { socket_path = "/run/x"',
    "a text without end": 'agent { socket_path = "/run/x }',
    "marks only": "agent = }",
})) {
    test(`no guess is made of a configuration that is ${what}`, () => {
        assert.throws(() => parseConf(text), /ends too early|has no end|no value can be/);
    });
}
