/**
 * A SPIRE as the chart `spire` 0.30.0 of helm-charts-hardened makes it of the values that docs/adopting.md names, with
 * `global.spire.recommendations.enabled`, tolerations for tainted nodes, and without controller manager, CSI driver and OIDC
 * provider. Compared with what Helm makes of the chart; the image of its init container is another one.
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
const SYSTEM = "spire-system";
const TRUST_DOMAIN = "demo.local";
const CLUSTER = "precinct-99";
const USER = 1000;
/** With `kubeletAddress.mode: hostip`: the kubelets of the sandbox do not listen on 127.0.0.1. */
const KUBELET = "KUBELET_ADDR";

const plugin = (name: string, plugin_data: object | null) => [{ [name]: { plugin_data } }];

const health = (bind_port: string) => ({
    ...{ bind_address: "0.0.0.0", bind_port, listener_enabled: true },
    ...{ live_path: "/live", ready_path: "/ready" },
});

const BUNDLE = {
    ...{ configmap_key: "bundle.spiffe", configmap_name: "spire-bundle" },
    ...{ format: "spiffe", namespace: SYSTEM },
};

const SERVER_CONF = {
    health_checks: health("8080"),
    plugins: {
        BundlePublisher: plugin("k8s_configmap", { clusters: [{ "chart-internal": BUNDLE }] }),
        DataStore: plugin("sql", {
            ...{ connection_string: "/run/spire/data/datastore.sqlite3", database_type: "sqlite3" },
            ...{ disable_migration: false, max_idle_conns: 2, max_open_conns: 100 },
        }),
        KeyManager: plugin("disk", { keys_path: "/run/spire/data/keys.json" }),
        NodeAttestor: plugin("k8s_psat", {
            clusters: [
                {
                    [CLUSTER]: {
                        ...{ allowed_node_label_keys: [], allowed_pod_label_keys: [] },
                        audience: ["spire-server"],
                        service_account_allow_list: [`${SYSTEM}:spire-agent`],
                    },
                },
            ],
        }),
    },
    server: {
        ...{ audit_log_enabled: false, bind_address: "0.0.0.0", bind_port: "8081" },
        ...{ ca_key_type: "rsa-2048", ca_ttl: "24h", data_dir: "/run/spire/data" },
        ...{ default_jwt_svid_ttl: "1h", default_x509_svid_ttl: "4h", disable_jwt_svids: false },
        ...{ jwt_issuer: "https://oidc.demo.local", log_format: "text", log_level: "info" },
        ...{ ratelimit: { attestation: true, signing: true }, trust_domain: TRUST_DOMAIN },
    },
};

const AGENT_CONF = {
    agent: {
        admin_socket_path: "/tmp/spire-agent/private/admin.sock",
        authorized_delegates: [`spiffe://${TRUST_DOMAIN}/cilium-agent`],
        ...{ data_dir: "/var/lib/spire", log_format: "text", log_level: "info" },
        ...{ rebootstrap_delay: "10m", rebootstrap_mode: "always" },
        ...{ server_address: `spire-server.${SERVER}`, server_port: "443" },
        socket_path: "/tmp/spire-agent/public/spire-agent.sock",
        ...{ trust_bundle_format: "spiffe", trust_domain: TRUST_DOMAIN },
        trust_bundle_path: "/run/spire/bundle/bundle.spiffe",
    },
    health_checks: health("9982"),
    plugins: {
        KeyManager: plugin("memory", null),
        NodeAttestor: plugin("k8s_psat", { cluster: CLUSTER }),
        WorkloadAttestor: plugin("k8s", {
            ...{ disable_container_selectors: false, skip_kubelet_verification: true },
            node_name_env: KUBELET,
            ...{ use_new_container_locator: true, verbose_container_locator_logs: false },
        }),
    },
};

const SOCKETS = {
    "/tmp/spire-agent/public": hostPath("/run/spire/agent-sockets"),
    "/tmp/spire-agent/private": hostPath("/run/spire/agent/sockets/csi.spiffe.io/admin"),
};
const AGENT_MOUNTS = {
    ...SOCKETS,
    "/var/lib/spire": { emptyDir: {} },
    "/opt/spire/conf/agent": { configMap: { name: "spire-agent" } },
    "/run/spire/bundle": { configMap: { name: "spire-bundle" } },
    "/var/run/secrets/tokens": TOKEN,
};

const server = { "app.kubernetes.io/name": "server", "app.kubernetes.io/component": "server" };
const agent = { "app.kubernetes.io/name": "agent", "app.kubernetes.io/component": "default" };

export const HARDENED: ExternalSpire = {
    // The defaults of mode external are this chart's.
    settings: { mode: "external" },
    namespaces: { server: SERVER, agent: SYSTEM },
    objects: [
        namespaceOf(SYSTEM, "privileged"),
        namespaceOf(SERVER, "restricted"),
        account(SERVER, "spire-server"),
        account(SYSTEM, "spire-agent"),
        ...rights(SERVER, SYSTEM, ["get", "patch", "create"]),
        configMap(SERVER, "spire-server", { "server.conf": JSON.stringify(SERVER_CONF) }),
        configMap(SYSTEM, "spire-agent", { "agent.conf": JSON.stringify(AGENT_CONF) }),
        service(SERVER, 443, { "app.kubernetes.io/name": "server" }),
        serverSet({
            namespace: SERVER,
            labels: server,
            pod: { ...SERVER_POD, shareProcessNamespace: true },
            container: {
                args: ["-expandEnv", "-config", "/run/spire/config/server.conf"],
                ports: PORTS,
                securityContext: {
                    allowPrivilegeEscalation: false,
                    capabilities: { drop: ["ALL"] },
                    readOnlyRootFilesystem: true,
                    runAsNonRoot: true,
                    seccompProfile: { type: "RuntimeDefault" },
                },
            },
            mounts: {
                "/tmp": { emptyDir: {} },
                "/tmp/spire-server/private": { emptyDir: {} },
                "/run/spire/config": { configMap: { name: "spire-server" } },
                "/run/spire/data": { claim: true },
            },
        }),
        agentSet({
            namespace: SYSTEM,
            labels: agent,
            pod: {
                hostNetwork: true,
                dnsPolicy: "ClusterFirstWithHostNet",
                securityContext: { runAsUser: USER, runAsGroup: USER, fsGroup: USER },
                initContainers: [
                    {
                        name: "fsgroupfix",
                        image: "docker.io/library/busybox:1.35",
                        command: ["busybox", "chown", "-R", `${USER}:${USER}`],
                        args: [...Object.keys(SOCKETS), "/var/lib/spire"],
                        securityContext: { runAsUser: 0, runAsGroup: 0 },
                        volumeMounts: [...Object.keys(SOCKETS), "/var/lib/spire"].map(
                            (mountPath) => ({
                                name: `v${Object.keys(AGENT_MOUNTS).indexOf(mountPath)}`,
                                mountPath,
                            }),
                        ),
                    },
                ],
            },
            container: {
                args: ["-config", "/opt/spire/conf/agent/agent.conf"],
                ports: [{ name: "healthz", containerPort: 9982 }],
                env: [{ name: KUBELET, valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } }],
                readinessProbe: {
                    httpGet: { path: "/ready", port: "healthz" },
                    ...{ initialDelaySeconds: 10, periodSeconds: 30 },
                },
            },
            mounts: AGENT_MOUNTS,
        }),
    ],
};
