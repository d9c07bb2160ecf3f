/** The pods that the tests of rights look for: of a stack in production, and of a proof. */
import { AGENT_LABELS } from "../../components/spire/agentPod";
import { SERVER_LABELS } from "../../components/spire/serverPod";
import type { Part } from "../support/cast";
import { RECIPIENTS } from "../support/recipients";

/** The namespace of the proof. */
export const PROOF = "cilium-spire-proof";
/** A pod of cilium-operator. */
export const OPERATOR = "cilium-operator-1";

/** What Pulumi.prod.yaml leaves to its user, and the rights are for as well. */
export const OPTIONS = {
    "cilium-spire:spire": {
        controllerManager: {},
        oidcDiscoveryProvider: { domain: "oidc.example.org" },
        agent: { csiDriver: {} },
        server: {
            backup: {
                ...{ schedule: "30 2 * * *", image: "docker.io/library/postgres:17.6" },
                ...{ storage: { size: "1Gi" }, encryptFor: [...RECIPIENTS] },
            },
        },
    },
};

export const PARTS: Part[] = [
    ...[0, 1, 2].map((i) => ({
        ...{ namespace: "spire-server", name: `spire-server-${i}`, container: "spire-server" },
        labels: SERVER_LABELS,
    })),
    {
        ...{ namespace: "spire-agents", name: "spire-agent-1", container: "spire-agent" },
        labels: AGENT_LABELS,
    },
    {
        ...{ namespace: "kube-system", name: "cilium-1", container: "cilium-agent" },
        labels: { "k8s-app": "cilium" },
    },
    {
        ...{ namespace: "kube-system", name: OPERATOR, container: "cilium-operator" },
        labels: { "io.cilium/app": "operator" },
    },
    { namespace: PROOF, name: "server-1", container: "server", labels: { app: "server" } },
];
