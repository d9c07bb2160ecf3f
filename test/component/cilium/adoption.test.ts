import assert from "node:assert/strict";
import { test } from "node:test";
import { Adoption } from "../../../components/cilium/adoption";
import { adoptionPatches } from "../../../components/cilium/adoptionPatches";
import type { AdoptionArgs } from "../../../components/cilium/args";
import { adoptArgsWith } from "../../unit/components/cilium/fixtures";
import { only, registered, type Registered } from "./mocks";

const adopt = (args: AdoptionArgs) => registered(() => new Adoption("cilium", args));

const metadataOf = ({ inputs }: Registered) =>
    inputs.metadata as { name: string; namespace: string; annotations: Record<string, string> };

test("the patches are named and owned by their content", async () => {
    const args = adoptArgsWith({ namespace: "cilium", rolloutTimeout: "20m" });
    const all = await adopt(args);
    const { configMap, daemonSet, deployment } = adoptionPatches(args);
    const expected = [
        ["kubernetes:core/v1:ConfigMapPatch", "cilium-config", configMap, "data"],
        ["kubernetes:apps/v1:DaemonSetPatch", "cilium", daemonSet, "spec"],
        ["kubernetes:apps/v1:DeploymentPatch", "cilium-operator", deployment, "spec"],
    ] as const;
    for (const [type, object, patch, part] of expected) {
        const resource = only(all, type);
        assert.equal(resource.name, `${object}-${patch.hash}`);
        assert.equal(resource.parent, "cilium");
        assert.deepEqual(resource.inputs[part], patch.content);
        assert.deepEqual(metadataOf(resource), {
            name: object,
            namespace: "cilium",
            annotations: {
                ...(object === "cilium" && { "pulumi.com/skipAwait": "true" }),
                "pulumi.com/patchFieldManager": `cilium-spire-${patch.hash}`,
                "pulumi.com/patchForce": "true",
            },
        });
    }
});

test("pods restart after their ConfigMap has changed, with time to do so", async () => {
    const all = await adopt(adoptArgsWith({ rolloutTimeout: "20m" }));
    const config = only(all, "kubernetes:core/v1:ConfigMapPatch");
    assert.deepEqual(config.ignoreChanges, []);
    for (const type of ["DaemonSetPatch", "DeploymentPatch"]) {
        const pods = only(all, `kubernetes:apps/v1:${type}`);
        assert.deepEqual(pods.dependsOn, [config.name]);
        assert.deepEqual(pods.ignoreChanges, [
            "spec.template.spec.volumes",
            "spec.template.spec.containers",
        ]);
    }
    const { timeouts } = only(all, "kubernetes:apps/v1:DeploymentPatch");
    assert.deepEqual(timeouts, { create: "1200s", update: "1200s" });
});

test("the agents' rollout is waited for by us: again when the patch has changed", async () => {
    const args = adoptArgsWith({ rolloutTimeout: "20m" });
    const rollout = only(await adopt(args), "pulumi-nodejs:dynamic/kubernetes:Rollout");
    const { hash: revision } = adoptionPatches(args).daemonSet;
    assert.deepEqual(rollout.inputs.daemonSets, [
        { namespace: "kube-system", daemonSet: "cilium", revision },
    ]);
    assert.deepEqual(rollout.dependsOn, [`cilium-${revision}`]);
    assert.equal(rollout.inputs.timeoutSeconds, 1200);
});

test("without mutual authentication Cilium is left alone", async () => {
    const all = await adopt(adoptArgsWith({}, { mutualAuth: false }));
    assert.deepEqual(
        all.map(({ type }) => type),
        ["cilium-spire:cilium:Adoption"],
    );
});
