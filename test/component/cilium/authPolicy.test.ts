import assert from "node:assert/strict";
import { test } from "node:test";
import { MutualAuthPolicy } from "../../../components/cilium/authPolicy";
import { authPolicySpec } from "../../../components/cilium/authPolicySpec";
import { only, registered } from "./mocks";

test("a CiliumNetworkPolicy by the policy's name", async () => {
    const rules = { pods: { app: "echo" }, ingress: [{ labels: { app: "client" } }] };
    const all = await registered(
        () => new MutualAuthPolicy("echo", { namespace: "shop", ...rules }),
    );
    const policy = only(all, "kubernetes:cilium.io/v2:CiliumNetworkPolicy");
    assert.deepEqual(policy.inputs, {
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: "echo", namespace: "shop" },
        spec: authPolicySpec(rules),
    });
});
