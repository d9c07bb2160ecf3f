/** What speaks against a trial before anything is asked of the API server's policies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { patientOf } from "../../../doctor/examination/examine";
import { knownStack } from "../../../doctor/site";
import { examineProposals } from "../../../enforcement/preflight";
import { proposalsOf } from "../../../enforcement/proposal";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire } from "../../support/fakeSpire";

const CONFIG = "GET /api/v1/namespaces/kube-system/configmaps/cilium-config";
const POLICIES = /^[A-Z]+ .*ciliumnetworkpolicies/;

const spire = FakeSpire.anew();

async function examine(settings: object, data: Record<string, string>): Promise<void> {
    const raw = { trustDomain: "demo.local", clusterName: "precinct-99", ...settings };
    const stack = knownStack(decodeSettings(raw), { project: "cilium-spire", stack: "dev" });
    const patient = await patientOf({ cluster: new Cluster(), stack });
    const policy = {
        ...{ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
        metadata: { name: "a", namespace: "shop" },
        spec: { endpointSelector: {}, ingress: [{ authentication: { mode: "required" } }] },
    };
    spire.interfere = (what) => {
        assert.doesNotMatch(what, POLICIES);
        return what === CONFIG ? { data } : undefined;
    };
    await examineProposals(patient, proposalsOf(JSON.stringify(policy), "p.yaml"));
}

test("authentication that is off, and drops of which nobody would hear", async () => {
    await assert.rejects(examine({ mutualAuth: false }, {}), /the stack has mutualAuth: false/);
    const silent = examine({}, { "bpf-events-drop-enabled": "false" });
    await assert.rejects(
        silent,
        /tell of no dropped packets .* set bpf\.events\.drop\.enabled=true/,
    );
});
