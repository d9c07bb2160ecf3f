/** Settings of the SPIRE server and agents. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import {
    duration,
    group,
    objectName,
    quantity,
    resources,
    socketPath,
    version,
} from "./primitives";

const logLevel = z
    .enum(["DEBUG", "INFO", "WARN", "ERROR"])
    .default("INFO")
    .describe("Log level of the process.");

export const serverSettings = group({
    namespace: objectName.default("spire-system").describe("Namespace of the server."),
    replicas: z
        .int()
        .min(1, "must be 1 or more")
        .default(1)
        .describe("Server replicas. More than one needs a shared datastore."),
    image: z
        .string()
        .min(1)
        .default("ghcr.io/spiffe/spire-server")
        .describe("Image repository; the tag is `spire.version`."),
    storage: group({
        size: quantity.default("1Gi").describe("Size of the volume for datastore and keys."),
        storageClass: objectName
            .optional()
            .describe("StorageClass of the volume; the cluster's default when absent."),
        retain: z
            .boolean()
            .default(true)
            .describe("Keep the volume claim when the StatefulSet is deleted."),
    }).describe("The volume that holds the sqlite datastore and the CA keys."),
    caTtl: duration.default("24h").describe("Lifetime of the server's X.509 CA."),
    x509SvidTtl: duration
        .default("1h")
        .describe(
            "Lifetime of X.509-SVIDs, of agents too. SPIRE can honour up to a sixth of caTtl.",
        ),
    resources: resources({
        requests: { cpu: "100m", memory: "256Mi" },
        limits: { memory: "512Mi" },
    }).describe("Resources of the server container."),
    logLevel,
});

export const agentSettings = group({
    namespace: objectName
        .default("spire-system")
        .describe("Namespace of the agents. Their pods need hostPID and hostPath."),
    image: z
        .string()
        .min(1)
        .default("ghcr.io/spiffe/spire-agent")
        .describe("Image repository; the tag is `spire.version`."),
    kubelet: group({
        verification: z
            .enum(["clusterCA", "skip"])
            .default("skip")
            .describe(
                "How the agent checks the kubelet's certificate when it asks for a pod: against the cluster CA " +
                    "(needs serving certificates signed by it, for the node's IP), or not at all, as self-signed kubelets require.",
            ),
        authorization: z
            .enum(["nodes/pods", "nodes/proxy"])
            .default("nodes/pods")
            .describe(
                "The right to read pods from the kubelet. `nodes/pods` reads only; before Kubernetes 1.33 only `nodes/proxy` works, which can also exec.",
            ),
    }).describe("How agents talk to the kubelet of their node."),
    healthPort: z
        .int()
        .min(1)
        .max(65535)
        .default(9982)
        .describe("Port of the health checks, on the node's loopback."),
    resources: resources({
        requests: { cpu: "50m", memory: "128Mi" },
        limits: { memory: "256Mi" },
    }).describe("Resources of the agent container."),
    logLevel,
});

export const spireSettings = group({
    version: version.default("1.14.7").describe("Version of SPIRE server and agents."),
    server: serverSettings.describe("The SPIRE server."),
    agent: agentSettings.describe("The SPIRE agents, one on each node."),
    sockets: group({
        workload: socketPath
            .default("/run/spire/sockets/agent.sock")
            .describe("Workload API socket on every node."),
        admin: socketPath
            .default("/run/spire/admin-sockets/admin.sock")
            .describe(
                "Admin API socket, for the delegate. Not in or below the workload socket's directory.",
            ),
    }).describe("Host paths of the two sockets of an agent."),
});

export type ServerSettings = z.output<typeof serverSettings>;
export type AgentSettings = z.output<typeof agentSettings>;
export type SocketSettings = z.output<typeof spireSettings>["sockets"];
