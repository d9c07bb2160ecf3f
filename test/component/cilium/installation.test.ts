import assert from "node:assert/strict";
import { test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { DaemonSetTransform } from "../../../components/cilium/daemonSetTransform";
import type { InstallationArgs } from "../../../components/cilium/args";
import { Installation } from "../../../components/cilium/installation";
import { chartValues } from "../../../components/cilium/chartValues";
import { mergeValues, type Values } from "../../../settings/cilium/values";
import { argsWith } from "../../unit/components/cilium/fixtures";
import { only, registered } from "./mocks";

const CHART = "kubernetes:helm.sh/v4:Chart";
const ROLLOUT = "pulumi-nodejs:dynamic/kubernetes:Rollout";
const CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate";
const DAEMON_SET = "kubernetes:apps/v1:DaemonSet";

const agents = {
    metadata: { name: "cilium", namespace: "kube-system", annotations: { "a.chart/says": "so" } },
    spec: { template: { spec: { containers: [{ name: "cilium-agent" }] } } },
};

function transformArgs(type: string, props: object): pulumi.ResourceTransformArgs {
    return { custom: true, type, name: "x", props, opts: {} };
}

/** Registers an Installation; the engine renders the chart to one object and calls the transform with it. */
async function release(args: InstallationArgs, ids: string[] = []) {
    let transformed: pulumi.ResourceTransformResult | undefined;
    const all = await registered(
        () => new Installation("cilium", args),
        (resource) => {
            if (resource.type !== CHART) return {};
            const [transform, note] = resource.transforms!;
            transformed = transform!(transformArgs(DAEMON_SET, agents)) as typeof transformed;
            for (const id of ids) {
                void note!({ ...transformArgs(CERTIFICATE, {}), name: `cilium:${id}` });
            }
            return { resources: ids };
        },
    );
    return { chart: only(all, CHART), rollout: only(all, ROLLOUT), transformed };
}

test("the chart gets the user's values and ours, from the official repository", async () => {
    const args = argsWith({ namespace: "cilium", values: { ipam: { mode: "kubernetes" } } });
    const { chart } = await release(args);
    // Pods read the ConfigMap when they start, so it is written first.
    const annotations = {
        "config.kubernetes.io/depends-on": "/namespaces/cilium/ConfigMap/cilium-config",
    };
    assert.equal(chart.parent, "cilium");
    assert.deepEqual(chart.inputs, {
        name: "cilium",
        namespace: "cilium",
        chart: "cilium",
        version: "1.19.6",
        repositoryOpts: { repo: "https://helm.cilium.io" },
        values: mergeValues(chartValues(args), {
            annotations,
            operator: { annotations },
            ipam: { mode: "kubernetes" },
        }),
    });
});

test("an object of a kind that the provider does not know is waited for as any other", async () => {
    const id = "kube-system/hubble-server-certs";
    const { rollout } = await release(argsWith(), [id]);
    assert.ok(rollout.dependsOn.includes(`cilium:${id}`), rollout.dependsOn.join());
});

test("a registry and pull secrets reach the chart, under the user's values and in them", async () => {
    const images = { registry: "example.org/mirror", pullSecrets: ["regcred"] };
    const values = { image: { repository: "example.org/own/cilium" } };
    const { chart } = await release(argsWith({ values }, { images }));
    const { image, operator, imagePullSecrets } = chart.inputs.values as Record<string, Values>;
    assert.deepEqual(image, values.image);
    const repository = "example.org/mirror/cilium/operator";
    assert.deepEqual(operator!.image, { repository });
    assert.deepEqual(imagePullSecrets, [{ name: "regcred" }]);
});

test("a chart of the user's own is taken as it is", async () => {
    const { chart } = await release(argsWith({ chart: "/charts/cilium" }));
    assert.equal(chart.inputs.chart, "/charts/cilium");
    assert.ok(!("version" in chart.inputs) && !("repositoryOpts" in chart.inputs));
});

test("the DaemonSet gets the workload socket", async () => {
    const { transformed } = await release(argsWith());
    const { volumes } = (transformed!.props as typeof agents & { spec: VolumeSpec }).spec.template
        .spec;
    assert.deepEqual(
        volumes!.map((v) => v.name),
        ["spire-workload-socket"],
    );
});

test("its rollout is waited for by us, not by Pulumi, whenever the pods' template has changed", async () => {
    const { rollout, transformed } = await release(argsWith({ rolloutTimeout: "1h" }));
    const { metadata } = transformed!.props as typeof agents;
    assert.equal((metadata.annotations as Annotations)["pulumi.com/skipAwait"], "true");
    const [daemonSet] = rollout.inputs.daemonSets as { revision: string }[];
    const { revision, ...rest } = daemonSet!;
    assert.deepEqual(rest, { namespace: "kube-system", daemonSet: "cilium" });
    assert.equal(rollout.inputs.timeoutSeconds, 3600);
    const without = await release(argsWith({ workloadSocketInAgent: false }));
    const [other] = without.rollout.inputs.daemonSets as { revision: string }[];
    assert.notEqual(other!.revision, revision);
});

type Annotations = Record<string, string>;

interface VolumeSpec {
    template: { spec: { volumes?: { name: string }[] } };
}

test("without the socket where it is not wanted", async () => {
    const unwanted = [
        argsWith({ workloadSocketInAgent: false }),
        argsWith({}, { mutualAuth: false }),
    ];
    for (const args of unwanted) {
        const { transformed } = await release(args);
        assert.deepEqual((transformed!.props as typeof agents).spec, agents.spec);
    }
});

test("the DaemonSet says which stack installed it, beside what the chart says", async () => {
    const { transformed } = await release(argsWith());
    const { annotations } = (transformed!.props as typeof agents).metadata;
    assert.deepEqual(annotations, {
        ...agents.metadata.annotations,
        "pulumi.com/skipAwait": "true",
        "cilium-spire.io/installed-by": "cilium-spire.test", // as the mocks call project and stack
    });
});

test("other objects pass unchanged, and without the DaemonSet among them the deployment fails", () => {
    const others: [string, object][] = [
        ["kubernetes:apps/v1:Deployment", { metadata: { name: "cilium" } }],
        ["kubernetes:core/v1:ConfigMap", {}],
    ];
    const daemonSets = new DaemonSetTransform(argsWith());
    for (const [type, props] of others) {
        assert.equal(daemonSets.transform(transformArgs(type, props)), undefined);
    }
    assert.throws(() => daemonSets.rolled([]), /has no DaemonSet "cilium"/);
    assert.deepEqual(daemonSets.rolled(undefined), []); // not known in this preview
    assert.ok(daemonSets.transform(transformArgs(DAEMON_SET, agents)));
    assert.equal(daemonSets.rolled([]).length, 1);
});

test("the chart's other DaemonSets are not waited for by Pulumi either, and are else as the chart has them", () => {
    const daemonSets = new DaemonSetTransform(argsWith());
    const envoy = { ...agents, metadata: { name: "cilium-envoy", namespace: "kube-system" } };
    const sent = daemonSets.transform(transformArgs(DAEMON_SET, envoy))!.props as typeof envoy;
    const annotations = { "pulumi.com/skipAwait": "true" };
    assert.deepEqual(sent, { ...envoy, metadata: { ...envoy.metadata, annotations } });
    daemonSets.transform(transformArgs(DAEMON_SET, agents));
    assert.deepEqual(
        daemonSets.rolled([]).map(({ daemonSet }) => daemonSet),
        ["cilium", "cilium-envoy"],
    );
});
