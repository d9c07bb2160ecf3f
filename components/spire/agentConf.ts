/** The SPIRE agent's configuration as plain data. */
import type { AgentSettings } from "../../settings/spire";
import { plugin } from "./serverConf";
import type { Sockets } from "./sockets";
import { atLeast } from "./versions";

export const AGENT_DATA_DIR = "/run/spire/data";
/** Where the pod mounts the ConfigMap with the trust bundle. */
export const BUNDLE_DIR = "/run/spire/bundle";
/** Where the pod mounts its projected token. */
export const TOKEN_DIR = "/var/run/secrets/tokens";
/** Environment variable with the address at which the agent finds its node's kubelet. */
export const NODE_ADDRESS_ENV = "MY_NODE_NAME";

export interface AgentConfArgs {
    trustDomain: string;
    clusterName: string;
    /** Name and port of the server's Service. */
    server: { host: string; port: number };
    sockets: Sockets;
    /** SPIFFE IDs that may use the Delegated Identity API. */
    delegates: string[];
    /** Version of the agent: configuration keys came and went. */
    version: string;
    settings: AgentSettings;
}

/** `agent.conf` for one version of SPIRE. An unknown key in `agent` would stop the agent, so each is guarded. */
export function agentConf(args: AgentConfArgs): object {
    const { version, settings, sockets } = args;
    return {
        agent: {
            data_dir: AGENT_DATA_DIR,
            log_level: settings.logLevel,
            server_address: args.server.host,
            server_port: String(args.server.port),
            trust_domain: args.trustDomain,
            trust_bundle_path: `${BUNDLE_DIR}/bundle.crt`,
            socket_path: sockets.workload,
            admin_socket_path: sockets.admin,
            authorized_delegates: args.delegates,
            ...bootstrap(version),
        },
        plugins: {
            NodeAttestor: plugin("k8s_psat", {
                cluster: args.clusterName,
                token_path: `${TOKEN_DIR}/spire-agent`,
            }),
            // Agents re-attest at every start, so their keys need not outlive the process.
            KeyManager: plugin("memory", {}),
            WorkloadAttestor: plugin("k8s", {
                node_name_env: NODE_ADDRESS_ENV,
                skip_kubelet_verification: settings.kubelet.verification === "skip",
                // Opt-in until 1.11, and without it pods cannot be found under cgroup v2.
                ...(!atLeast(version, "1.11.0") && { use_new_container_locator: true }),
            }),
        },
        health_checks: {
            listener_enabled: true,
            bind_address: "127.0.0.1",
            bind_port: String(settings.healthPort),
            live_path: "/live",
            ready_path: "/ready",
        },
    };
}

/** How an agent outlives a server that is away, or that lost its CA. */
function bootstrap(version: string): object {
    if (atLeast(version, "1.13.0")) return { rebootstrap_mode: "always", rebootstrap_delay: "1m" };
    return { retry_bootstrap: true };
}
