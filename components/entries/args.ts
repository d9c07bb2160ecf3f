/** What the entries' provider is asked for, from the settings alone: the program and the doctor must agree on it. */
import type { AgentEntriesArgs } from "@cilium-spire/entries-provider";
import type { Settings } from "../../config";
import { AGENT_NAME, CILIUM, SERVER_NAME } from "../names";

/** @param stack name of the stack, which its entries carry: stacks that share a server leave each other's alone. */
export function agentEntriesArgs(settings: Settings, stack: string): AgentEntriesArgs {
    const { trustDomain, clusterName, kubeContext, spire, cilium, registration } = settings;
    const server = spire.server.namespace;
    const agent = spire.agent.namespace;
    return {
        ...(kubeContext !== undefined && { context: kubeContext }),
        trustDomain,
        clusterName,
        idPrefix: `cilium-spire.${stack}`,
        registration: registration.strategy,
        operatorNodeLabels: registration.operatorNodeLabels,
        timeoutSeconds: registration.timeoutSeconds,
        server: { namespace: server, statefulSet: SERVER_NAME, container: SERVER_NAME },
        agent: { namespace: agent, serviceAccount: AGENT_NAME },
        agentDaemonSet: { namespace: agent, daemonSet: AGENT_NAME },
        cilium: {
            namespace: cilium.namespace,
            agentServiceAccount: CILIUM.agentServiceAccount,
            operatorServiceAccount: CILIUM.operatorServiceAccount,
        },
        operatorDeployment: { namespace: cilium.namespace, deployment: CILIUM.operatorDeployment },
    };
}
