import assert from "node:assert/strict";
import { test } from "node:test";
import { onHost, setting } from "../../../doctor/checks/agents";
import { selects, type Selector } from "../../../doctor/checks/selector";

const DNS = { "k8s:k8s-app": "kube-dns", "k8s:io.kubernetes.pod.namespace": "kube-system" };

test("selectors of endpoints, with and without the source of a label", () => {
    const expression = (operator: string, values?: string[], key = "k8s-app"): Selector => ({
        matchExpressions: [{ key, operator, ...(values && { values }) }],
    });
    const cases: [Selector, boolean][] = [
        [{}, true],
        [{ matchLabels: { "k8s-app": "kube-dns" } }, true],
        [{ matchLabels: { "k8s:k8s-app": "kube-dns" } }, true],
        [{ matchLabels: { "any:k8s-app": "kube-dns" } }, true],
        [{ matchLabels: { "reserved:k8s-app": "kube-dns" } }, false],
        [{ matchLabels: { "k8s-app": "other" } }, false],
        [{ matchLabels: { "io.kubernetes.pod.namespace": "kube-system" } }, true],
        [expression("In", ["a", "kube-dns"]), true],
        [expression("NotIn", ["kube-dns"]), false],
        [expression("NotIn", ["kube-dns"], "absent"), true],
        [expression("Exists"), true],
        [expression("DoesNotExist"), false],
        [expression("Unheard"), false],
    ];
    for (const [selector, expected] of cases) {
        assert.equal(selects(selector, DNS), expected, JSON.stringify(selector));
    }
});

test("an agent's sockets, in JSON and in HCL", () => {
    const json = JSON.stringify({ agent: { socket_path: "/w/a", admin_socket_path: "/d/b" } });
    const hcl = 'agent {\n  socket_path = "/w/a"\n  admin_socket_path = "/d/b"\n}';
    for (const conf of [json, hcl]) {
        assert.equal(setting(conf, "socket_path"), "/w/a");
        assert.equal(setting(conf, "admin_socket_path"), "/d/b");
        assert.equal(setting(conf, "none"), undefined);
    }
});

test("where a path of a container is on the host", () => {
    const pod = {
        containers: [
            {
                name: "c",
                volumeMounts: [
                    { name: "run", mountPath: "/run" },
                    { name: "sockets", mountPath: "/run/spire/" },
                    { name: "none", mountPath: "/data" },
                ],
            },
        ],
        volumes: [
            { name: "run", hostPath: { path: "/var/run" } },
            { name: "sockets", hostPath: { path: "/host" } },
            { name: "none", emptyDir: {} },
        ],
    };
    assert.equal(onHost(pod, "c", "/run/spire/x/a.sock"), "/host/x/a.sock");
    assert.equal(onHost(pod, "c", "/run/spirex/a.sock"), "/var/run/spirex/a.sock");
    assert.equal(onHost(pod, "c", "/data/a.sock"), undefined);
    assert.equal(onHost(pod, "c", "/else/a.sock"), undefined);
});
