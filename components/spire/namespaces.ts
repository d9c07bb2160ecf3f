/** The namespaces of SPIRE, with the Pod Security level that their pods need. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { SpireSettings } from "../../settings/spire";

/** All three modes: the cluster's defaults for the other two would warn of what must be so. */
function podSecurity(level: string): Record<string, string> {
    const modes = ["enforce", "warn", "audit"];
    return Object.fromEntries(modes.map((mode) => [`pod-security.kubernetes.io/${mode}`, level]));
}

/**
 * Creates the namespaces of server and agents. Agents need hostPID, hostNetwork and hostPath, which only the level
 * `privileged` admits; a namespace that holds the server alone is `restricted`.
 */
export function spireNamespaces(
    spire: SpireSettings,
    opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Namespace[] {
    if (spire.mode === "external" || !spire.createNamespaces) return [];
    const { server, agent } = spire;
    const namespace = (name: string, level: "restricted" | "privileged") =>
        new k8s.core.v1.Namespace(name, { metadata: { name, labels: podSecurity(level) } }, opts);
    const agents = namespace(agent.namespace, "privileged");
    if (server.namespace === agent.namespace) return [agents];
    return [agents, namespace(server.namespace, "restricted")];
}
