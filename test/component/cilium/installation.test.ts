import assert from "node:assert/strict";
import { test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { DaemonSetTransform } from "../../../components/cilium/daemonSetTransform";
import type { InstallationArgs } from "../../../components/cilium/args";
import { Installation } from "../../../components/cilium/installation";
import { chartValues } from "../../../components/cilium/chartValues";
import type { Values } from "../../../settings/cilium/values";
import { argsWith } from "../../unit/components/cilium/fixtures";
import { only, registered } from "./mocks";

const CHART = "kubernetes:helm.sh/v4:Chart";
const DAEMON_SET = "kubernetes:apps/v1:DaemonSet";

const agents = {
    metadata: { name: "cilium", annotations: { "a.chart/says": "so" } },
    spec: { template: { spec: { containers: [{ name: "cilium-agent" }] } } },
};

function transformArgs(type: string, props: object): pulumi.ResourceTransformArgs {
    return { custom: true, type, name: "x", props, opts: {} };
}

/** Registers an Installation; the engine renders the chart to one object and calls the transform with it. */
async function release(args: InstallationArgs) {
    let transformed: pulumi.ResourceTransformResult | undefined;
    const all = await registered(
        () => new Installation("cilium", args),
        (resource) => {
            if (resource.type !== CHART) return {};
            const [transform] = resource.transforms!;
            transformed = transform!(transformArgs(DAEMON_SET, agents)) as typeof transformed;
            return { resources: [] };
        },
    );
    return { chart: only(all, CHART), transformed };
}

test("the chart gets the user's values and ours, from the official repository", async () => {
    const args = argsWith({ namespace: "cilium", values: { ipam: { mode: "kubernetes" } } });
    const { chart } = await release(args);
    assert.equal(chart.parent, "cilium");
    assert.deepEqual(chart.inputs, {
        name: "cilium",
        namespace: "cilium",
        chart: "cilium",
        version: "1.19.6",
        repositoryOpts: { repo: "https://helm.cilium.io" },
        values: { ...chartValues(args), ipam: { mode: "kubernetes" } },
    });
});

test("a registry and pull secrets reach the chart, under the user's values and in them", async () => {
    const images = { registry: "example.org/mirror", pullSecrets: ["regcred"] };
    const values = { image: { repository: "example.org/own/cilium" } };
    const { chart } = await release(argsWith({ values }, { images }));
    const { image, operator, imagePullSecrets } = chart.inputs.values as Values;
    assert.deepEqual(image, values.image);
    const repository = "example.org/mirror/cilium/operator";
    assert.deepEqual(operator, { image: { repository }, rollOutPods: true });
    assert.deepEqual(imagePullSecrets, [{ name: "regcred" }]);
});

test("a chart of the user's own is taken as it is", async () => {
    const { chart } = await release(argsWith({ chart: "/charts/cilium" }));
    assert.equal(chart.inputs.chart, "/charts/cilium");
    assert.ok(!("version" in chart.inputs) && !("repositoryOpts" in chart.inputs));
});

test("the DaemonSet gets the workload socket and time to roll", async () => {
    const { transformed } = await release(argsWith({ rolloutTimeout: "1h" }));
    const { volumes } = (transformed!.props as typeof agents & { spec: VolumeSpec }).spec.template
        .spec;
    assert.deepEqual(
        volumes!.map((v) => v.name),
        ["spire-workload-socket"],
    );
    assert.deepEqual(transformed!.opts.customTimeouts, { create: "3600s", update: "3600s" });
});

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
        "cilium-spire.io/installed-by": "cilium-spire.test", // as the mocks call project and stack
    });
});

test("other objects pass unchanged, and without the DaemonSet among them the deployment fails", () => {
    const others: [string, object][] = [
        [DAEMON_SET, { metadata: { name: "cilium-envoy" } }],
        ["kubernetes:apps/v1:Deployment", { metadata: { name: "cilium" } }],
        ["kubernetes:core/v1:ConfigMap", {}],
    ];
    const agent = new DaemonSetTransform(argsWith());
    for (const [type, props] of others) {
        assert.equal(agent.transform(transformArgs(type, props)), undefined);
    }
    assert.throws(() => agent.assertFired([]), /has no DaemonSet "cilium"/);
    agent.assertFired(undefined); // not known in this preview
    assert.ok(agent.transform(transformArgs(DAEMON_SET, agents)));
    agent.assertFired([]);
});
