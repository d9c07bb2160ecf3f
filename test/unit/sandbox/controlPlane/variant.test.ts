import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { instance, node } from "../../../../sandbox/host/instance";
import { moduleAround } from "../../../../sandbox/build/kubernetesRelease";
import { kubeletConfiguration } from "../../../../sandbox/nodes/nodeFiles";
import {
    useVariant,
    variantName,
    variantOf,
    VARIANTS,
} from "../../../../sandbox/controlPlane/variant";

test("the variants default and foreign differ in everything but the number of nodes", () => {
    const same = Object.entries(VARIANTS.default).filter(
        ([key, value]) => VARIANTS.foreign[key as keyof typeof VARIANTS.foreign] === value,
    );
    assert.deepEqual(same, [["nodes", 3]]);
});

test("an instance keeps the variant that it was brought up in", async () => {
    const stateDir = await mkdtemp(join(tmpdir(), "cilium-spire-variant-"));
    const target = { ...instance(0), stateDir };
    assert.equal(await variantOf(target), VARIANTS.default);
    assert.equal(await useVariant(target, "foreign"), "foreign");
    assert.equal(await useVariant(target), "foreign");
    assert.equal(await variantOf(target), VARIANTS.foreign);
    await assert.rejects(useVariant(target, "default"), /up in the variant "foreign"; remove it/);
    await rm(stateDir, { recursive: true });
    assert.throws(() => variantName("strange"), /variants: default, single, foreign/);
});

test("a foreign kubelet makes its own certificate, and no node is tainted", () => {
    const configuration = kubeletConfiguration(node(instance(3), 1), "/pki", VARIANTS.foreign);
    assert.ok(!("tlsCertFile" in configuration));
    assert.deepEqual((configuration as { registerWithTaints: unknown[] }).registerWithTaints, []);
});

test("a release's go.mod becomes one that requires it, with its staged modules as published", () => {
    const goMod = `module k8s.io/kubernetes

go 1.22.0

require k8s.io/api v0.0.0

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
)
`;
    assert.equal(
        moduleAround("1.30.14", goMod),
        `module kubernetes-release
go 1.22.0
require k8s.io/kubernetes v1.30.14
replace k8s.io/api => k8s.io/api v0.30.14
replace k8s.io/kube-proxy => k8s.io/kube-proxy v0.30.14
`,
    );
});
