/** The SPIFFE CSI driver's objects, and who may use it, by an API server: its images cannot be had here. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { at, type KubernetesObject, renderObjects, useMocks } from "../component/spire/render";
import { type ApiServer, startApiServer } from "../support/apiServer";
import { blocksOf, read } from "../support/markdown";
import { decode } from "../unit/components/spire/arbitrary";

const AGENTS = "spire-agents";

let api: ApiServer;

before(async () => {
    await useMocks();
    api = await startApiServer();
});
after(() => api.stop());

const settings = decode({
    agent: { namespace: AGENTS, csiDriver: {} },
    sockets: { workload: "/run/x/a.sock" },
});

/** The pod of the documentation. */
function user(): KubernetesObject {
    const pods = blocksOf("", read("docs/workloads.md"))
        .filter(({ language, text }) => language === "yaml" && text.includes("\nkind: Pod\n"))
        .map(({ text }) => parse(text) as KubernetesObject);
    assert.equal(pods.length, 1);
    return pods[0]!;
}

const dryRun = (object: object) => api.kubectl(["create", "--dry-run=server", "-f", "-"], [object]);

test("an API server admits it, and a pod of a restricted namespace that uses it, but none that mounts from the node", async () => {
    const objects = await renderObjects(settings);
    const namespaces = objects.filter(({ kind }) => kind === "Namespace");
    await api.kubectl(["create", "-f", "-"], namespaces);
    const own = objects.filter(({ metadata }) => /csi/.test(metadata.name));
    assert.deepEqual(own.map(({ kind }) => kind).sort(), [
        "CSIDriver",
        "DaemonSet",
        "ServiceAccount",
    ]);
    await api.kubectl(["create", "-f", "-"], own);
    const template = at(
        own.find(({ kind }) => kind === "DaemonSet"),
        "spec.template",
    ) as object;
    const metadata = { name: "driver", namespace: AGENTS };
    await dryRun({ apiVersion: "v1", kind: "Pod", ...template, metadata });

    const pod = user();
    const { namespace } = pod.metadata;
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const account = { name: "shop", namespace };
    await api.kubectl(
        ["create", "-f", "-"],
        [
            { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
            { apiVersion: "v1", kind: "ServiceAccount", metadata: account },
        ],
    );
    await dryRun(pod);
    const spec = at(pod, "spec") as object;
    const volumes = [{ name: "spiffe", hostPath: { path: "/run/x" } }];
    await assert.rejects(
        dryRun({ ...pod, spec: { ...spec, volumes } }),
        /violates PodSecurity "restricted:latest": restricted volume types \(volume "spiffe" uses restricted volume type "hostPath"/,
    );
});
