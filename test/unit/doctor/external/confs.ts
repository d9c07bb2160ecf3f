/** Configurations of agents as others write them. */

/** Of a SPIRE that is made by hand, as guides have it, with what this program asks for. */
export const BY_HAND = `
agent {
  data_dir = "/run/spire"
  log_level = "DEBUG"
  server_address = "spire-server.spire-system"
  server_port = "8081"
  socket_path = "/run/spire/sockets/agent.sock"
  trust_domain = "demo.local"
  trust_bundle_path = "/run/spire/bundle/bundle.crt"

  # Delegated Identity API for Cilium integration
  admin_socket_path = "/run/spire/admin-sockets/admin.sock"
  authorized_delegates = [
    "spiffe://demo.local/ns/kube-system/sa/cilium"
  ]
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
  /* Which pod
     a process is in. */
  WorkloadAttestor "k8s" {
    plugin_data {
      skip_kubelet_verification = true // self-signed
    }
  }
}

health_checks {
  listener_enabled = true
  bind_address = "0.0.0.0"
  bind_port = "8080"
}
`;

/** Of the chart `spire` of helm-charts-hardened 0.30, with admin socket and delegate. */
export const CHART = {
    agent: {
        admin_socket_path: "/tmp/spire-agent/private/admin.sock",
        authorized_delegates: ["spiffe://demo.local/cilium-agent"],
        data_dir: "/var/lib/spire",
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
                        disable_container_selectors: false,
                        skip_kubelet_verification: true,
                        use_new_container_locator: true,
                    },
                },
            },
        ],
    },
};

function pod(mounts: Record<string, string>) {
    const entries = Object.entries(mounts);
    return {
        hostPID: true,
        serviceAccountName: "spire-agent",
        containers: [
            {
                name: "spire-agent",
                image: "ghcr.io/spiffe/spire-agent:1.15.3",
                volumeMounts: entries.map(([mountPath], i) => ({ name: `v${i}`, mountPath })),
            },
        ],
        volumes: [
            { name: "config", configMap: { name: "spire-agent" } },
            ...entries.map(([, path], i) => ({ name: `v${i}`, hostPath: { path } })),
        ],
    };
}

export const HAND_POD = pod({
    "/run/spire/sockets": "/run/spire/sockets",
    "/run/spire/admin-sockets": "/run/spire/admin-sockets",
});

export const CHART_POD = pod({
    "/tmp/spire-agent/public": "/run/spire/agent-sockets",
    "/tmp/spire-agent/private": "/run/spire/agent/sockets/csi.spiffe.io/admin",
});
