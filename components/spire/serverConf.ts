/** The SPIRE server's configuration as plain data; SPIRE reads JSON as well as HCL, so nothing is ever spliced. */
import type { ServerSettings } from "../../settings/spire";

/** Where the server keeps everything that must survive a restart. */
export const SERVER_DATA_DIR = "/run/spire/data";
/** Directory of the server's own API socket; the CLI expects it here. */
export const SERVER_SOCKET_DIR = "/tmp/spire-server/private";
/** Ports of the server's container. */
export const SERVER_PORTS = { grpc: 8081, health: 8080, metrics: 9988 } as const;

export interface ServerConfArgs {
    trustDomain: string;
    clusterName: string;
    /** Namespace and service account of the agents: the only one that may attest as an agent. */
    agent: { namespace: string; serviceAccount: string };
    /** ConfigMap, in the agents' namespace, that the server keeps the trust bundle in. */
    bundleConfigMap: string;
    /** Node labels that become selectors of the node's agent. */
    nodeLabelKeys: string[];
    settings: ServerSettings;
}

/** `server.conf`. Ports of listeners are strings, that of Prometheus is a number: SPIRE's types. */
export function serverConf(args: ServerConfArgs): object {
    const { agent, settings } = args;
    return {
        server: {
            bind_address: "0.0.0.0",
            bind_port: String(SERVER_PORTS.grpc),
            socket_path: `${SERVER_SOCKET_DIR}/api.sock`,
            trust_domain: args.trustDomain,
            data_dir: SERVER_DATA_DIR,
            log_level: settings.logLevel,
            ca_ttl: settings.caTtl,
            default_x509_svid_ttl: settings.x509SvidTtl,
        },
        plugins: {
            DataStore: plugin("sql", {
                database_type: "sqlite3",
                connection_string: `${SERVER_DATA_DIR}/datastore.sqlite3`,
            }),
            KeyManager: plugin("disk", { keys_path: `${SERVER_DATA_DIR}/keys.json` }),
            NodeAttestor: plugin("k8s_psat", {
                clusters: {
                    [args.clusterName]: {
                        service_account_allow_list: [`${agent.namespace}:${agent.serviceAccount}`],
                        ...(args.nodeLabelKeys.length && {
                            allowed_node_label_keys: args.nodeLabelKeys,
                        }),
                    },
                },
            }),
            Notifier: plugin("k8sbundle", {
                namespace: agent.namespace,
                config_map: args.bundleConfigMap,
            }),
        },
        health_checks: {
            listener_enabled: true,
            bind_address: "0.0.0.0",
            bind_port: String(SERVER_PORTS.health),
            live_path: "/live",
            ready_path: "/ready",
        },
        telemetry: { Prometheus: { host: "0.0.0.0", port: SERVER_PORTS.metrics } },
    };
}

/** One plugin in the form that SPIRE's JSON configuration wants: a list of objects keyed by name. */
export function plugin(name: string, data: object): object[] {
    return [{ [name]: { plugin_data: data } }];
}
