/**
 * A SPIRE by plain manifests and HCL, as guides make it by hand: one namespace, labels `app`, both sockets on the host,
 * Cilium's agents as `/ns/kube-system/sa/cilium`. With what guides forget: nodes are found by MY_NODE_NAME, agents see the
 * host's processes and run on tainted nodes too, and only they may attest as agents.
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

const NAMESPACE = "spire-system";
export const WORKLOAD_SOCKET = "/run/spire/sockets/agent.sock";
export const ADMIN_SOCKET = "/run/spire/admin-sockets/admin.sock";
/** The path of the identity that its agents let ask for others'. */
export const DELEGATE = "/ns/kube-system/sa/cilium";

const HEALTH = `
health_checks {
  listener_enabled = true
  bind_address = "0.0.0.0"
  bind_port = "8080"
  live_path = "/live"
  ready_path = "/ready"
}
`;

/** @param accounts that may attest as agents, as `namespace:name`. */
const serverConf = (accounts: string[]) => `
server {
  bind_address = "0.0.0.0"
  bind_port = "8081"
  trust_domain = "demo.local"
  data_dir = "/run/spire/data"
  log_level = "DEBUG"
}

plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "/run/spire/data/datastore.sqlite3"
    }
  }
  NodeAttestor "k8s_psat" {
    plugin_data {
      clusters = {
        "precinct-99" = {
          service_account_allow_list = ${JSON.stringify(accounts)}
        }
      }
    }
  }
  KeyManager "disk" {
    plugin_data {
      keys_path = "/run/spire/data/keys.json"
    }
  }
  Notifier "k8sbundle" {
    plugin_data {
      namespace = "spire-system"
    }
  }
}
${HEALTH}`;

const AGENT_CONF = `
agent {
  data_dir = "/run/spire"
  log_level = "DEBUG"
  server_address = "spire-server.spire-system"
  server_port = "8081"
  socket_path = "${WORKLOAD_SOCKET}"
  trust_domain = "demo.local"
  trust_bundle_path = "/run/spire/bundle/bundle.crt"

  # Delegated Identity API for Cilium
  admin_socket_path = "${ADMIN_SOCKET}"
  authorized_delegates = ["spiffe://demo.local${DELEGATE}"]
}

plugins {
  NodeAttestor "k8s_psat" {
    plugin_data {
      cluster = "precinct-99"
    }
  }
  KeyManager "memory" {
    plugin_data {}
  }
  WorkloadAttestor "k8s" {
    plugin_data {
      skip_kubelet_verification = true
    }
  }
}
${HEALTH}`;

const server = { app: "spire-server" };
const agent = { app: "spire-agent" };

const ALLOWED = [`${NAMESPACE}:spire-agent`];

/** @param allowed accounts that may attest as agents, as `namespace:name`. */
const handMade = (allowed: string[]): ExternalSpire => ({
    settings: {
        mode: "external",
        server: { namespace: NAMESPACE, port: 8081 },
        agent: { namespace: NAMESPACE, delegate: DELEGATE },
        sockets: { workload: WORKLOAD_SOCKET, admin: ADMIN_SOCKET },
    },
    namespaces: { server: NAMESPACE, agent: NAMESPACE },
    objects: [
        namespaceOf(NAMESPACE),
        account(NAMESPACE, "spire-server"),
        account(NAMESPACE, "spire-agent"),
        ...rights(NAMESPACE, NAMESPACE, ["get", "patch"]),
        configMap(NAMESPACE, "spire-bundle"),
        configMap(NAMESPACE, "spire-server", { "server.conf": serverConf(allowed) }),
        configMap(NAMESPACE, "spire-agent", { "agent.conf": AGENT_CONF }),
        service(NAMESPACE, 8081, server),
        serverSet({
            namespace: NAMESPACE,
            labels: server,
            pod: SERVER_POD,
            container: {
                args: ["-config", "/run/spire/config/server.conf"],
                ports: PORTS,
            },
            mounts: {
                "/run/spire/config": { configMap: { name: "spire-server" } },
                "/run/spire/data": { claim: true },
            },
        }),
        agentSet({
            namespace: NAMESPACE,
            labels: agent,
            container: {
                args: ["-config", "/run/spire/config/agent.conf"],
                ports: [{ name: "healthz", containerPort: 8080 }],
                env: [
                    {
                        name: "MY_NODE_NAME",
                        valueFrom: { fieldRef: { fieldPath: "status.hostIP" } },
                    },
                ],
            },
            mounts: {
                "/run/spire/config": { configMap: { name: "spire-agent" } },
                "/run/spire/bundle": { configMap: { name: "spire-bundle" } },
                "/run/spire/sockets": hostPath("/run/spire/sockets"),
                "/run/spire/admin-sockets": hostPath("/run/spire/admin-sockets"),
                "/var/run/secrets/tokens": TOKEN,
            },
        }),
    ],
});

export const HAND_MADE = handMade(ALLOWED);

/** The same as guides have it, who let Cilium's accounts attest as agents as well. */
export const BY_THE_GUIDES = handMade([
    ...ALLOWED,
    "kube-system:cilium",
    "kube-system:cilium-operator",
]);
