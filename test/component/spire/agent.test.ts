import assert from "node:assert/strict";
import { before, test } from "node:test";
import { decode } from "../../unit/components/spire/arbitrary";
import { at, configuration, render, useMocks } from "./render";

before(useMocks);

async function renderAgent(agent: object) {
    const all = await render(decode({ version: "1.14.7", agent }));
    const set = at(all["DaemonSet/spire-agent"], "spec");
    const pod = at(set, "template.spec");
    return {
        all,
        set,
        pod,
        container: at(pod, "containers.0"),
        volumes: at(pod, "volumes") as { name: string; hostPath?: { path: string } }[],
        conf: configuration(all, "agent"),
    };
}

test("agents run on every node, under its network and process IDs, replaced two by two, as Cilium is", async () => {
    const { set, pod, container } = await renderAgent({});
    assert.deepEqual(at(set, "updateStrategy"), {
        type: "RollingUpdate",
        rollingUpdate: { maxUnavailable: 2 },
    });
    assert.deepEqual(at(pod, "tolerations"), [{ operator: "Exists" }]);
    assert.equal(at(pod, "hostPID"), true);
    assert.equal(at(pod, "hostNetwork"), true);
    assert.equal(at(pod, "dnsPolicy"), "ClusterFirstWithHostNet");
    assert.equal(at(pod, "nodeSelector"), undefined);
    assert.deepEqual(at(container, "securityContext"), {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
    });
});

test("the health listener is where the kubelet probes it", async () => {
    const onNode = await renderAgent({});
    assert.equal(at(onNode.conf, "health_checks.bind_address"), "127.0.0.1");
    assert.deepEqual(at(onNode.container, "readinessProbe.httpGet"), {
        path: "/ready",
        port: 9982,
        host: "127.0.0.1",
    });
    const inPod = await renderAgent({ hostNetwork: false });
    assert.equal(at(inPod.conf, "health_checks.bind_address"), "0.0.0.0");
    assert.deepEqual(at(inPod.container, "readinessProbe.httpGet"), {
        path: "/ready",
        port: 9982,
    });
    assert.equal(at(inPod.pod, "hostNetwork"), undefined);
    assert.equal(at(inPod.pod, "dnsPolicy"), undefined);
});

test("agents may read pods from kubelets, and nothing else", async () => {
    const { all } = await renderAgent({ kubelet: { authorization: "nodes/proxy" } });
    assert.deepEqual(all["ClusterRole/spire-agent"], {
        metadata: { name: "spire-agent-dev" },
        rules: [{ apiGroups: [""], resources: ["nodes/proxy"], verbs: ["get"] }],
    });
    assert.deepEqual(at(all["ClusterRoleBinding/spire-agent"], "subjects"), [
        { kind: "ServiceAccount", name: "spire-agent", namespace: "spire-system" },
    ]);
});

test("only the sockets' directories are the node's", async () => {
    const { volumes } = await renderAgent({});
    const paths = volumes.flatMap(({ hostPath }) => hostPath?.path ?? []);
    assert.deepEqual(paths, ["/run/spire/sockets", "/run/spire/admin-sockets"]);
});

test("agents may look at others' processes only where entries go by their programs", async () => {
    const capabilities = async (unixAttestor?: object) =>
        at((await renderAgent({ unixAttestor })).container, "securityContext.capabilities");
    assert.deepEqual(await capabilities(), { drop: ["ALL"] });
    assert.deepEqual(await capabilities({}), { drop: ["ALL"] });
    assert.deepEqual(await capabilities({ discoverPath: true }), {
        drop: ["ALL"],
        add: ["SYS_PTRACE"],
    });
});

test("a bundle from a URL needs no ConfigMap in the pod", async () => {
    const url = "https://bundles.example.org/prod.pem";
    const { volumes, conf } = await renderAgent({ trustBundle: { source: "url", url } });
    assert.equal(at(conf, "agent.trust_bundle_url"), url);
    assert.equal(at(conf, "agent.trust_bundle_path"), undefined);
    assert.ok(!volumes.some(({ name }) => name === "bundle"));
});

test("a change of the configuration changes the pods, which read it at their start only", async () => {
    const annotations = async (agent: object) =>
        at((await renderAgent(agent)).set, "template.metadata.annotations");
    assert.notDeepEqual(await annotations({}), await annotations({ logLevel: "DEBUG" }));
    assert.deepEqual(await annotations({}), await annotations({ maxUnavailable: "10%" }));
});
