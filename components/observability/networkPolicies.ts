/** Who may reach the ports of SPIRE's pods that are there for people who watch them. */
import type { InstallStack } from "../../settings/schema";
import { AGENT_NAME, SERVER_NAME, SERVER_PORTS } from "../names";
import { AGENT_LABELS } from "../spire/agentPod";
import { BUNDLE_ENDPOINT_PORT } from "../spire/federation";
import { SERVER_LABELS } from "../spire/serverPod";
import type { PlainObject } from "./kinds";

/**
 * Policies by which metrics answer to the chosen namespaces alone, and health checks to nobody but the kubelet, which
 * every network lets through to the pods of its own node. The server's API and bundle endpoint, which have locks of their
 * own, stay open. Agents on the node's network are out of reach of any NetworkPolicy.
 */
export function networkPolicyObjects({ observability, spire }: InstallStack): PlainObject[] {
    const { allowedNamespaces } = observability;
    if (!allowedNamespaces) return [];
    const { server, agent } = spire;
    const scrapers = [{ namespaceSelector: { matchLabels: allowedNamespaces } }];
    const policy = (name: string, namespace: string, pods: object, ingress: object[]) => ({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name, namespace },
        spec: { podSelector: { matchLabels: pods }, policyTypes: ["Ingress"], ingress },
    });
    const open = [
        SERVER_PORTS.grpc,
        ...(server.federation?.bundleEndpoint ? [BUNDLE_ENDPOINT_PORT] : []),
    ];
    const policies = [
        policy(SERVER_NAME, server.namespace, SERVER_LABELS, [
            { ports: open.map(tcp) },
            { from: scrapers, ports: [tcp(SERVER_PORTS.metrics)] },
        ]),
    ];
    if (agent.hostNetwork) return policies;
    const ofAgents = [{ from: scrapers, ports: [tcp(agent.metricsPort)] }];
    return [...policies, policy(AGENT_NAME, agent.namespace, AGENT_LABELS, ofAgents)];
}

function tcp(port: number): object {
    return { port, protocol: "TCP" };
}
