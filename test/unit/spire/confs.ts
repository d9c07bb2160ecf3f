/** The configurations that settings lead to. */
import { agentConf } from "../../../components/spire/agentConf";
import { serverConf } from "../../../components/spire/serverConf";
import type { Settings } from "../../../config";

export function serverConfOf({ trustDomain, clusterName, spire }: Settings): object {
    const agent = { namespace: spire.agent.namespace, serviceAccount: "spire-agent" };
    const rest = { bundleConfigMap: "spire-bundle", nodeLabelKeys: ["kubernetes.io/os"] };
    return serverConf({ trustDomain, clusterName, agent, ...rest, settings: spire.server });
}

export function agentConfOf({ trustDomain, clusterName, spire }: Settings): object {
    return agentConf({
        trustDomain,
        clusterName,
        server: { host: "spire-server.spire-system.svc", port: 8081 },
        sockets: spire.sockets,
        delegates: [`spiffe://${trustDomain}/cilium-agent`],
        version: spire.agent.version ?? spire.version,
        settings: spire.agent,
    });
}
