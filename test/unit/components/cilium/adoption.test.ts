import assert from "node:assert/strict";
import { test } from "node:test";
import { adoptionPatches } from "../../../../components/cilium/adoptionPatches";
import { adoptionProblem, meshAuthConfig } from "../../../../components/cilium/meshAuthConfig";
import { adoptArgsWith } from "./fixtures";

test("the hash of a patch follows its content, and pods restart with their ConfigMap", () => {
    const before = adoptionPatches(adoptArgsWith());
    assert.deepEqual(adoptionPatches(adoptArgsWith()), before);
    const after = adoptionPatches(adoptArgsWith({ authentication: { mutual: { port: 4255 } } }));
    for (const part of ["configMap", "daemonSet", "deployment"] as const) {
        assert.notEqual(after[part].hash, before[part].hash, part);
    }
    const inAgent = adoptionPatches(adoptArgsWith({ workloadSocketInAgent: false }));
    assert.equal(inAgent.configMap.hash, before.configMap.hash);
    assert.equal(inAgent.deployment.hash, before.deployment.hash);
    assert.notEqual(inAgent.daemonSet.hash, before.daemonSet.hash);
});

test("off means one key", () => {
    assert.deepEqual(meshAuthConfig(adoptArgsWith({}, { mutualAuth: false })), {
        "mesh-auth-enabled": "false",
    });
});

test("what runs must be what the settings say, with identities as objects", () => {
    assert.equal(adoptionProblem("1.18.4", "1.18.4", {}), undefined);
    assert.equal(adoptionProblem(undefined, "1.18.4", {}), undefined);
    assert.match(
        adoptionProblem("1.18.4", "1.18.12", {})!,
        /cilium\.version = "1\.18\.12", but the agents run 1\.18\.4; set it to "1\.18\.4"/,
    );
    const kvstore = { "identity-allocation-mode": "kvstore" };
    assert.match(adoptionProblem("1.18.4", "1.18.4", kvstore)!, /must be "crd"/);
});
