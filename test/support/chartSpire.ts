/**
 * A SPIRE in the shape that the chart `spire` of helm-charts-hardened (0.30.0) gives it with its recommended namespaces, an
 * admin socket and a delegate: names, labels, ports, sockets and configuration are the chart's. Not in it are the containers
 * whose images cannot be had here: spire-controller-manager, whose configuration is (test/e2e/32-controller-manager.test.ts
 * runs it), the CSI driver, and the init containers that link the socket's other names.
 */
import type { ExternalSpire } from "./externalSpire";
import {
    account,
    agentSet,
    configMap,
    hostPath,
    namespaceOf,
    PORTS,
    rights,
    SERVER_POD,
    serverSet,
    service,
    TOKEN,
} from "./externalParts";

const SERVER = "spire-server";
const AGENT = "spire-system";

const HEALTH = {
    listener_enabled: true,
    bind_address: "0.0.0.0",
    live_path: "/live",
    ready_path: "/ready",
};

const SERVER_CONF = {
    server: {
        bind_address: "0.0.0.0",
        bind_port: "8081",
        trust_domain: "demo.local",
        data_dir: "/run/spire/data",
        log_level: "info",
        audit_log_enabled: false,
        ca_key_type: "rsa-2048",
        ca_ttl: "24h",
        default_x509_svid_ttl: "4h",
        default_jwt_svid_ttl: "1h",
        jwt_issuer: "https://oidc-discovery.demo.local",
        ca_subject: [{ country: ["NL"], organization: ["Example"], common_name: "demo.local" }],
    },
    plugins: {
        DataStore: [
            {
                sql: {
                    plugin_data: {
                        database_type: "sqlite3",
                        connection_string: "/run/spire/data/datastore.sqlite3",
                    },
                },
            },
        ],
        NodeAttestor: [
            {
                k8s_psat: {
                    plugin_data: {
                        clusters: [
                            {
                                "precinct-99": {
                                    service_account_allow_list: ["spire-system:spire-agent"],
                                    audience: ["spire-server"],
                                    allowed_node_label_keys: [],
                                    allowed_pod_label_keys: [],
                                },
                            },
                        ],
                    },
                },
            },
        ],
        KeyManager: [{ disk: { plugin_data: { keys_path: "/run/spire/data/keys.json" } } }],
        BundlePublisher: [
            {
                k8s_configmap: {
                    plugin_data: {
                        clusters: [
                            {
                                "chart-internal": {
                                    format: "spiffe",
                                    namespace: AGENT,
                                    configmap_name: "spire-bundle",
                                    configmap_key: "bundle.spiffe",
                                },
                            },
                        ],
                    },
                },
            },
        ],
    },
    health_checks: { ...HEALTH, bind_port: "8080" },
    telemetry: [{ Prometheus: [{ host: "0.0.0.0", port: 9988 }] }],
};

const AGENT_CONF = {
    agent: {
        admin_socket_path: "/tmp/spire-agent/private/admin.sock",
        authorized_delegates: ["spiffe://demo.local/cilium-agent"],
        data_dir: "/var/lib/spire",
        log_level: "info",
        log_format: "text",
        rebootstrap_mode: "always",
        rebootstrap_delay: "10m",
        server_address: "spire-server.spire-server",
        server_port: "443",
        socket_path: "/tmp/spire-agent/public/spire-agent.sock",
        trust_bundle_format: "spiffe",
        trust_bundle_path: "/run/spire/bundle/bundle.spiffe",
        trust_domain: "demo.local",
    },
    plugins: {
        NodeAttestor: [{ k8s_psat: { plugin_data: { cluster: "precinct-99" } } }],
        KeyManager: [{ memory: { plugin_data: null } }],
        WorkloadAttestor: [
            {
                k8s: {
                    plugin_data: {
                        skip_kubelet_verification: true,
                        disable_container_selectors: false,
                        use_new_container_locator: true,
                        verbose_container_locator_logs: false,
                    },
                },
            },
        ],
    },
    health_checks: { ...HEALTH, bind_port: "9982" },
    telemetry: [{ Prometheus: [{ host: "0.0.0.0", port: 9988 }] }],
};

const CONTROLLER_MANAGER = `
apiVersion: spire.spiffe.io/v1alpha1
kind: ControllerManagerConfig
metadata:
  name: spire-controller-manager
  namespace: spire-server
gcInterval: 10000000000
entryIDPrefix: precinct-99
clusterName: precinct-99
trustDomain: demo.local
ignoreNamespaces:
  - kube-system
spireServerSocketPath: "/tmp/spire-server/private/api.sock"
className: "spire-server-spire"
`;

const instance = { "app.kubernetes.io/instance": "spire" };
const server = { "app.kubernetes.io/name": "server", ...instance };
const agent = {
    "app.kubernetes.io/name": "agent",
    ...instance,
    "app.kubernetes.io/component": "default",
};

/** All its settings are the defaults. */
export const OF_CHART: ExternalSpire = {
    settings: { mode: "external" },
    namespaces: { server: SERVER, agent: AGENT },
    objects: [
        namespaceOf(SERVER),
        namespaceOf(AGENT),
        account(SERVER, "spire-server"),
        account(AGENT, "spire-agent"),
        ...rights(SERVER, AGENT, ["get", "patch", "create"]),
        configMap(AGENT, "spire-bundle"),
        configMap(SERVER, "spire-server", { "server.conf": JSON.stringify(SERVER_CONF, null, 2) }),
        configMap(SERVER, "spire-controller-manager", {
            "controller-manager-config.yaml": CONTROLLER_MANAGER,
        }),
        configMap(AGENT, "spire-agent", { "agent.conf": JSON.stringify(AGENT_CONF, null, 2) }),
        service(SERVER, 443, server),
        serverSet({
            namespace: SERVER,
            labels: { ...server, "app.kubernetes.io/component": "server" },
            pod: { ...SERVER_POD, shareProcessNamespace: true },
            container: {
                args: ["-expandEnv", "-config", "/run/spire/config/server.conf"],
                ports: PORTS,
            },
            mounts: {
                "/tmp/spire-server/private": { emptyDir: {} },
                "/run/spire/config": { configMap: { name: "spire-server" } },
                "/run/spire/data": { claim: true },
                // Of the container that is not here.
                "/controller-manager": { configMap: { name: "spire-controller-manager" } },
            },
        }),
        agentSet({
            namespace: AGENT,
            labels: agent,
            pod: { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" },
            container: {
                args: ["-config", "/opt/spire/conf/agent/agent.conf"],
                ports: [
                    { name: "healthz", containerPort: 9982 },
                    { name: "prom", containerPort: 9988 },
                ],
            },
            mounts: {
                "/opt/spire/conf/agent": { configMap: { name: "spire-agent" } },
                "/var/lib/spire": { emptyDir: {} },
                "/run/spire/bundle": { configMap: { name: "spire-bundle" } },
                "/tmp/spire-agent/public": hostPath("/run/spire/agent-sockets"),
                "/tmp/spire-agent/private": hostPath(
                    "/run/spire/agent/sockets/csi.spiffe.io/admin",
                ),
                "/var/run/secrets/tokens": TOKEN,
            },
        }),
    ],
};
