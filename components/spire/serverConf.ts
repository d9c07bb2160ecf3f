/** The SPIRE server's configuration as plain data; SPIRE reads JSON as well as HCL, so nothing is ever spliced. */
import type { ServerSettings } from "../../settings/spire";
import { AGENT_NAME, BUNDLE_CONFIG_MAP, SERVER_PORTS } from "../names";
import type { ServerArgs } from "./args";
import { datastorePlugin } from "./datastore";
import { federationConf } from "./federation";
import { plugin } from "./plugin";
import { upstreamAuthorityPlugin } from "./upstreamAuthority";

/** Where the server keeps everything that must survive a restart. */
export const SERVER_DATA_DIR = "/run/spire/data";
/** Directory of the server's own API socket; the CLI expects it here. */
export const SERVER_SOCKET_DIR = "/tmp/spire-server/private";

/**
 * `server.conf`. Ports of listeners are strings, that of Prometheus is a number: SPIRE's types. Members that are
 * undefined vanish in the JSON text, so that a version of SPIRE sees only the keys that were asked for; `settings/`
 * refuses those that it does not know.
 */
export function serverConf(args: ServerArgs): object {
    const { settings } = args;
    return {
        server: {
            bind_address: "0.0.0.0",
            bind_port: String(SERVER_PORTS.grpc),
            socket_path: `${SERVER_SOCKET_DIR}/api.sock`,
            trust_domain: args.trustDomain,
            data_dir: SERVER_DATA_DIR,
            log_level: settings.logLevel,
            ca_ttl: settings.caTtl,
            ca_key_type: settings.caKeyType,
            ca_subject: settings.caSubject && {
                country: settings.caSubject.country,
                organization: settings.caSubject.organization,
                common_name: settings.caSubject.commonName,
            },
            default_x509_svid_ttl: settings.x509SvidTtl,
            agent_ttl: settings.agentTtl,
            default_jwt_svid_ttl: settings.jwtSvidTtl,
            jwt_key_type: settings.jwtKeyType,
            jwt_issuer: settings.jwtIssuer,
            admin_ids: settings.adminIds,
            audit_log_enabled: settings.auditLog,
            ratelimit: settings.rateLimit,
            prune_attested_nodes_expired_for: settings.pruneAttestedNodesExpiredFor,
            federation: settings.federation && federationConf(settings.federation),
            experimental: settings.cacheReloadInterval && {
                cache_reload_interval: settings.cacheReloadInterval,
            },
        },
        plugins: plugins(args),
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

function plugins({ agentNamespace, nodeLabelKeys = [], settings, ...args }: ServerArgs): object {
    const { upstreamAuthority, keyManager } = settings;
    return {
        DataStore: datastorePlugin(settings.datastore, SERVER_DATA_DIR),
        KeyManager:
            keyManager === "memory"
                ? plugin("memory", {})
                : plugin("disk", { keys_path: `${SERVER_DATA_DIR}/keys.json` }),
        NodeAttestor: plugin("k8s_psat", {
            clusters: {
                [args.clusterName]: {
                    service_account_allow_list: [`${agentNamespace}:${AGENT_NAME}`],
                    ...(nodeLabelKeys.length > 0 && { allowed_node_label_keys: nodeLabelKeys }),
                },
            },
        }),
        UpstreamAuthority:
            upstreamAuthority && upstreamAuthorityPlugin(upstreamAuthority, settings.namespace),
        ...bundlePublisher(settings, agentNamespace),
    };
}

/** Both write the X.509 bundle in PEM to the same key of the same ConfigMap, so one can follow the other. */
function bundlePublisher({ bundlePublisher }: ServerSettings, namespace: string): object {
    if (bundlePublisher === "k8sbundle") {
        return { Notifier: plugin("k8sbundle", { namespace, config_map: BUNDLE_CONFIG_MAP }) };
    }
    const cluster = {
        namespace,
        configmap_name: BUNDLE_CONFIG_MAP,
        configmap_key: "bundle.crt",
        format: "pem",
    };
    return { BundlePublisher: plugin("k8s_configmap", { clusters: { own: cluster } }) };
}
