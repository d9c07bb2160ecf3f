/** The pods that the tests of rights look for: of a stack in production, and of a proof. */
import { AGENT_LABELS } from "../../components/spire/agentPod";
import { SERVER_LABELS } from "../../components/spire/serverPod";
import type { Part } from "../support/cast";

/** The namespace of the proof. */
export const PROOF = "cilium-spire-proof";
/** A pod of cilium-operator. */
export const OPERATOR = "cilium-operator-1";

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
