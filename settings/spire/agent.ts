/** Settings of the SPIRE agents. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { SINCE } from "../../versions/spire";
import { imageRepository } from "../images";
import { since } from "../since";
import { byteQuantity, duration, resources } from "../amounts";
import {
    group,
    httpsUrl,
    logLevel,
    intOrPercent,
    objectName,
    port,
    variants,
    version,
} from "../words";
import { csiDriverSettings } from "./csiDriver";
import { affinity, nodeSelector, priorityClass, toleration } from "./scheduling";

const pods = {
    version: version
        .optional()
        .describe(
            "Version of the agents; spire.version when absent. At most one minor release behind the server, never ahead.",
        ),
    namespace: objectName
        .default("spire-system")
        .describe("Namespace of the agents. Their pods need hostPID and hostPath."),
    image: imageRepository
        .optional()
        .describe(
            "Image repository; `ghcr.io/spiffe/spire-agent`, or that path at `images.registry`, when absent. The tag is the version.",
        ),
    maxUnavailable: intOrPercent
        .default(2)
        .describe(
            "How many nodes, or which share of them such as 10%, may be without agent while a change rolls out. Meanwhile their workloads keep the SVIDs they have. A node whose kubelet is silent counts: when as many are, a rollout stands still.",
        ),
    affinity: affinity.optional().describe("Affinity of the agents' pods."),
    nodeSelector: nodeSelector.describe(
        "Labels of the nodes that get an agent. Pods elsewhere have no identity.",
    ),
    tolerations: z
        .array(toleration)
        .default([{ operator: "Exists" }])
        .describe("Taints that agents tolerate: all, as Cilium does, whose pods need them."),
    priorityClass: priorityClass
        .default("system-node-critical")
        .describe("PriorityClass: no identity on a node without its agent."),
    resources: resources({
        requests: { cpu: "50m", memory: "128Mi" },
        limits: { memory: "256Mi" },
    }).describe("Resources of the agent container."),
};

const network = {
    hostNetwork: z
        .boolean()
        .default(true)
        .describe(
            "Run on the node's network, so that agents work before the pod network does. Without it their ports are the pod's.",
        ),
    healthPort: port
        .default(9982)
        .describe("Port of the health checks: with hostNetwork, on the node's loopback."),
    metricsPort: port
        .default(9988)
        .describe("Port of the Prometheus metrics: with hostNetwork, a port of the node."),
    kubelet: group({
        verification: z
            .enum(["clusterCA", "skip"])
            .default("skip")
            .describe(
                "How the agent checks the kubelet's certificate when it asks for a pod: against the cluster CA " +
                    "(needs serving certificates signed by it, for `address`), or not at all, as self-signed kubelets require.",
            ),
        address: z
            .enum(["hostIP", "nodeName"])
            .default("hostIP")
            .describe(
                "How the agent addresses the kubelet: by the node's IP address, or by the node's name, which DNS must then know.",
            ),
        authorization: z
            .enum(["nodes/pods", "nodes/proxy"])
            .default("nodes/pods")
            .describe(
                "The right to read pods from the kubelet. `nodes/pods` reads only; before Kubernetes 1.33 only `nodes/proxy` works, which can also exec.",
            ),
    }).describe("How agents talk to the kubelet of their node."),
};

const attestors = {
    unixAttestor: z
        .strictObject({
            discoverPath: z
                .boolean()
                .default(false)
                .describe(
                    "Give `unix:path` too. It takes the capability SYS_PTRACE, with which an agent could read the memory of every process of its node.",
                ),
            sha256MaxSize: byteQuantity
                .optional()
                .describe(
                    "Give `unix:sha256` too, of programs up to this size; a process of a larger one gets no `unix` selector at all. Agents read the program at every call. Needs discoverPath.",
                ),
        })
        .optional()
        .describe(
            "SPIRE's workload attestor `unix` beside `k8s`: selectors of a process's user and groups (`unix:uid:1000`), and of its program. Without it no entry may have them.",
        ),
};

const csi = {
    csiDriver: csiDriverSettings
        .optional()
        .describe(
            "The SPIFFE CSI driver beside the agents: pods mount the workload socket by `csi.spiffe.io` instead of `hostPath`, which the Pod Security levels `baseline` and `restricted` refuse. None when absent.",
        ),
};

const trust = {
    trustBundle: variants("source", [
        z.strictObject({
            source: z.literal("configMap").describe("The ConfigMap that the server keeps current."),
        }),
        z.strictObject({
            source: z.literal("url").describe("A web server, authenticated by a public CA."),
            url: httpsUrl.describe("URL of the bundle."),
            format: z.enum(["pem", "spiffe"]).default("pem").describe("Format of the bundle."),
        }),
    ])
        .default({ source: "configMap" })
        .describe("Where an agent that knows no CA yet gets the trust bundle from."),
    rebootstrapMode: since(
        SINCE.rebootstrap,
        z
            .enum(["never", "always"])
            .optional()
            .describe(
                "Whether an agent fetches the trust bundle anew when it does not know the server's CA: a server that lost " +
                    "its CA then needs no hand on any pod. Always when absent.",
            ),
    ),
    rebootstrapDelay: since(
        SINCE.rebootstrap,
        duration
            .optional()
            .describe("How long an agent sees an unknown CA before that; 1m when absent."),
    ),
    availabilityTarget: duration
        .optional()
        .describe(
            "Renew X.509-SVIDs so early that they outlive an outage of this length, 24h or more; x509SvidTtl must be 12h longer. At half their life when absent.",
        ),
    x509SvidCacheMaxSize: z
        .int()
        .min(1, "must be 1 or more")
        .optional()
        .describe(
            "X.509-SVIDs that an agent keeps when no workload asks for them; 1000 when absent.",
        ),
};

export const agentSettings = group({
    ...pods,
    ...network,
    ...attestors,
    ...csi,
    ...trust,
    logLevel: logLevel.describe("Log level of the agents."),
});

export type AgentSettings = z.output<typeof agentSettings>;
