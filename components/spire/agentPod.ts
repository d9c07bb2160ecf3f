/** The SPIRE agent's pod as plain data. */
import { posix } from "node:path";
import type { AgentSettings } from "../../settings/spire";
import { imageAt, pullSecrets } from "../images";
import { AGENT_NAME, BUNDLE_CONFIG_MAP } from "../names";
import type { AgentArgs } from "./args";
import { AGENT_DATA_DIR, BUNDLE_DIR, NODE_ADDRESS_ENV, TOKEN_DIR } from "./agentConf";
import { type Mount, tokenFile } from "./podParts";

export const AGENT_LABELS = { "app.kubernetes.io/name": AGENT_NAME };

/** Where SPIRE's images have it (Dockerfile, all releases from 1.9). */
const AGENT_PROGRAM = "/opt/spire/bin/spire-agent";
const CONFIG_DIR = "/run/spire/config";

/** The spec of the pod. hostPID, hostPath and root make it one for a namespace of the level `privileged`. */
export function agentPod({ settings, sockets, version, images }: AgentArgs) {
    const image = settings.image ?? imageAt(images.registry, "ghcr.io/spiffe/spire-agent");
    const { hostNetwork, healthPort } = settings;
    const probe = (path: string) => ({
        httpGet: { path, port: healthPort, ...(hostNetwork && { host: "127.0.0.1" }) },
    });
    const nodeAddress = settings.kubelet.address === "hostIP" ? "status.hostIP" : "spec.nodeName";
    return {
        serviceAccountName: AGENT_NAME,
        imagePullSecrets: pullSecrets(images),
        // Callers of the sockets are attested by their process ID, which only the host's namespace shows.
        hostPID: true,
        ...(hostNetwork && { hostNetwork, dnsPolicy: "ClusterFirstWithHostNet" }),
        priorityClassName: settings.priorityClass,
        nodeSelector: settings.nodeSelector,
        tolerations: settings.tolerations,
        ...(settings.affinity && { affinity: settings.affinity }),
        containers: [
            {
                name: AGENT_NAME,
                image: `${image}:${version}`,
                imagePullPolicy: "IfNotPresent",
                // In full, as the server's.
                command: [AGENT_PROGRAM, "run", "-config", `${CONFIG_DIR}/agent.conf`],
                env: {
                    // Complete, with the default: see serverClaims.
                    [NODE_ADDRESS_ENV]: { fieldRef: { apiVersion: "v1", fieldPath: nodeAddress } },
                },
                ports: { metrics: settings.metricsPort },
                readinessProbe: { ...probe("/ready"), periodSeconds: 2 },
                livenessProbe: { ...probe("/live"), initialDelaySeconds: 15, periodSeconds: 30 },
                resources: settings.resources,
                securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    // To read /proc/<pid>/exe of another user's process (proc(5), PTRACE_MODE_READ_FSCREDS).
                    capabilities: {
                        drop: ["ALL"],
                        ...(settings.unixAttestor?.discoverPath && { add: ["SYS_PTRACE"] }),
                    },
                    seccompProfile: { type: "RuntimeDefault" },
                },
                volumeMounts: [
                    {
                        volume: { name: "config", configMap: { name: AGENT_NAME } },
                        destPath: CONFIG_DIR,
                    },
                    ...trustBundle(settings),
                    // What k8s_psat shows to the server; its audience makes it useless elsewhere.
                    tokenFile("token", "spire-server", "spire-agent", TOKEN_DIR),
                    { volume: { name: "data", emptyDir: {} }, destPath: AGENT_DATA_DIR },
                    hostDirectory("workload-socket", posix.dirname(sockets.workload)),
                    hostDirectory("admin-socket", posix.dirname(sockets.admin)),
                ],
            },
        ],
    };
}

function trustBundle({ trustBundle }: AgentSettings): Mount[] {
    if (trustBundle.source !== "configMap") return [];
    const configMap = { name: BUNDLE_CONFIG_MAP };
    return [{ volume: { name: "bundle", configMap }, destPath: BUNDLE_DIR }];
}

function hostDirectory(name: string, path: string): Mount {
    return { volume: { name, hostPath: { path, type: "DirectoryOrCreate" } }, destPath: path };
}
