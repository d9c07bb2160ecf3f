import assert from "node:assert/strict";
import { test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { stableFieldManager } from "../../components/fieldManager";

const ANNOTATION = "pulumi.com/patchFieldManager";

function transformed(type: string, props: object, custom = true) {
    const args = { type, name: "x", custom, props, opts: { ignoreChanges: ["data"] } };
    return stableFieldManager({ project: "cilium-spire", stack: "dev" })(args) as
        pulumi.ResourceTransformResult | undefined;
}

test("objects get the stack's field manager, beside what they say", () => {
    const result = transformed("kubernetes:core/v1:ConfigMap", {
        metadata: { name: "x", annotations: { "a.chart/says": "so" } },
        data: { key: "value" },
    });
    assert.ok(result);
    assert.deepEqual(result.props, {
        metadata: {
            name: "x",
            annotations: { "a.chart/says": "so", [ANNOTATION]: "cilium-spire.dev" },
        },
        data: { key: "value" },
    });
    assert.deepEqual(result.opts.ignoreChanges, ["data", `metadata.annotations["${ANNOTATION}"]`]);
});

test("also custom resources, and objects without metadata", () => {
    for (const type of [
        "kubernetes:cilium.io/v2:CiliumNetworkPolicy",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    ]) {
        assert.deepEqual(transformed(type, {})?.props, {
            metadata: { annotations: { [ANNOTATION]: "cilium-spire.dev" } },
        });
    }
});

test("patches of other people's objects keep theirs; what is no object is left alone", () => {
    for (const type of [
        "kubernetes:apps/v1:DaemonSetPatch",
        "kubernetes:helm.sh/v3:Release",
        "pulumi:providers:kubernetes",
        "pulumi-nodejs:dynamic/spire:AgentEntries",
    ]) {
        assert.equal(transformed(type, {}), undefined, type);
    }
    assert.equal(transformed("kubernetes:helm.sh/v4:Chart", {}, false), undefined);
});
