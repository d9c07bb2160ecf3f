/** What those do who have the rights of one file, as far as it goes where no pod runs. */
import assert from "node:assert/strict";
import type { Cluster } from "@cilium-spire/entries-provider";
import type { Authority } from "../../doctor/discovery";
import { authMap, scenePod } from "../../doctor/proof/pods";
import { Proof } from "../../doctor/proof/proof";
import { Stage } from "../../doctor/proof/stage";
import { findPolicy, networkPolicies } from "../../enforcement/policyApi";
import { proposalsOf } from "../../enforcement/proposal";
import { begin, keep, rehearse, takeBack } from "../../enforcement/trialObject";
import type { ApiServer } from "../support/apiServer";
import { NODE } from "../support/cast";
import { PROOF } from "./parts";

/** How a command ends for who may run it. */
export const NO_NODE = /no preferred addresses found|Unexpected server response: 500/;

/** `cilium-spire prove`. */
export async function prove(cluster: Cluster, api: ApiServer, authority: Authority): Promise<void> {
    const stage = new Stage(cluster, { image: "none", namespace: PROOF, pullSecrets: [] });
    await assert.rejects(stage.setUp(0), /Ready pods of the proof in namespace/);
    await stage.remove();
    const scene = {
        ...{ namespace: PROOF, server: "server", port: 8080, stranger: "server" },
        clients: { sameNode: "server" },
    };
    const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "server", namespace: PROOF },
    };
    const spec = { ports: [{ port: 8080 }], selector: { app: "server" } };
    await api.kubectl(["create", "-f", "-"], [{ ...service, spec }]);
    await assert.rejects(new Proof(cluster, authority, scene).connects("server"), NO_NODE);
    await assert.rejects(scenePod(cluster, PROOF, "server"), /Kubernetes API 404/);
    await assert.rejects(authMap(cluster, NODE), NO_NODE);
}

/** `cilium-spire enforce`, with a policy of the namespace and one of the cluster. */
export async function tryPolicies(cluster: Cluster, namespace: string): Promise<void> {
    const ingress = [{ fromEndpoints: [{}], authentication: { mode: "required" } }];
    const spec = { endpointSelector: {}, ingress };
    const policies = [
        { kind: "CiliumNetworkPolicy", metadata: { name: "tried", namespace } },
        { kind: "CiliumClusterwideNetworkPolicy", metadata: { name: "tried" } },
    ].map((policy) => JSON.stringify({ apiVersion: "cilium.io/v2", ...policy, spec }));
    for (const proposal of proposalsOf(policies.join("\n---\n"), "policies.yaml")) {
        await rehearse(cluster, proposal);
        await takeBack(cluster, await begin(cluster, proposal));
        assert.equal(await findPolicy(cluster, proposal.object), undefined);
        await keep(cluster, await begin(cluster, proposal));
        // What was there before is there again.
        await takeBack(cluster, await begin(cluster, proposal));
        assert.ok(await findPolicy(cluster, proposal.object));
    }
    assert.deepEqual(await networkPolicies(cluster), []);
}
