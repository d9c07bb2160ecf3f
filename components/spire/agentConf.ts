/** The SPIRE agent's configuration as plain data. */
import { delegateSpiffeId } from "@cilium-spire/entries-provider";
import { quantityValue } from "../../settings/amounts";
import type { AgentSettings } from "../../settings/spire";
import { supports } from "../../versions/spire";
import type { AgentArgs } from "./args";
import { plugin } from "./plugin";

export const AGENT_DATA_DIR = "/run/spire/data";
/** Where the pod mounts the ConfigMap with the trust bundle. */
export const BUNDLE_DIR = "/run/spire/bundle";
/** Where the pod mounts its projected token. */
export const TOKEN_DIR = "/var/run/secrets/tokens";
/** Environment variable with the address at which the agent finds its node's kubelet. */
export const NODE_ADDRESS_ENV = "MY_NODE_NAME";

/**
 * `agent.conf` for one version of SPIRE. An unknown key in `agent` would stop the agent, so each is guarded here or
 * refused by `settings/`. Members that are undefined vanish in the JSON text.
 */
export function agentConf(args: AgentArgs): object {
    const { version, settings, sockets } = args;
    return {
        agent: {
            data_dir: AGENT_DATA_DIR,
            log_level: settings.logLevel,
            server_address: args.server.host,
            server_port: String(args.server.port),
            trust_domain: args.trustDomain,
            ...trustBundle(settings),
            socket_path: sockets.workload,
            admin_socket_path: sockets.admin,
            authorized_delegates: [delegateSpiffeId(args.trustDomain)],
            availability_target: settings.availabilityTarget,
            ...svidCache(version, settings),
            ...bootstrap(version, settings),
        },
        plugins: {
            NodeAttestor: plugin("k8s_psat", {
                cluster: args.clusterName,
                token_path: `${TOKEN_DIR}/spire-agent`,
            }),
            // Agents re-attest at every start, so their keys need not outlive the process.
            KeyManager: plugin("memory", {}),
            WorkloadAttestor: [...k8sAttestor(version, settings), ...unixAttestor(settings)],
        },
        health_checks: {
            listener_enabled: true,
            // On the node's network only the node itself should reach it; in a pod the kubelet comes from outside.
            bind_address: settings.hostNetwork ? "127.0.0.1" : "0.0.0.0",
            bind_port: String(settings.healthPort),
            live_path: "/live",
            ready_path: "/ready",
        },
        telemetry: { Prometheus: { host: "0.0.0.0", port: settings.metricsPort } },
    };
}

function k8sAttestor(version: string, { kubelet }: AgentSettings): object[] {
    return plugin("k8s", {
        node_name_env: NODE_ADDRESS_ENV,
        skip_kubelet_verification: kubelet.verification === "skip",
        // Without it pods cannot be found under cgroup v2.
        ...(!supports(version, "containerLocatorByDefault") && { use_new_container_locator: true }),
    });
}

function unixAttestor({ unixAttestor: unix }: AgentSettings): object[] {
    if (!unix) return [];
    const { discoverPath, sha256MaxSize } = unix;
    return plugin("unix", {
        discover_workload_path: discoverPath,
        // Below zero: no digest. Zero would be one of a program of any size.
        workload_size_limit:
            sha256MaxSize === undefined
                ? -1
                : Math.max(1, Math.floor(quantityValue(sha256MaxSize))),
    });
}

function trustBundle({ trustBundle: bundle }: AgentSettings): object {
    if (bundle.source === "configMap") return { trust_bundle_path: `${BUNDLE_DIR}/bundle.crt` };
    return { trust_bundle_url: bundle.url, trust_bundle_format: bundle.format };
}

function svidCache(version: string, { x509SvidCacheMaxSize: size }: AgentSettings): object {
    if (size === undefined) return {};
    const cache = { x509_svid_cache_max_size: size };
    return supports(version, "svidCacheSizeIsStable") ? cache : { experimental: cache };
}

/** How an agent outlives a server that is away, or that lost its CA. */
function bootstrap(version: string, settings: AgentSettings): object {
    if (!supports(version, "rebootstrap")) return { retry_bootstrap: true };
    const mode = settings.rebootstrapMode ?? "always";
    if (mode === "never") return { rebootstrap_mode: mode };
    return { rebootstrap_mode: mode, rebootstrap_delay: settings.rebootstrapDelay ?? "1m" };
}
