/** Cases of the rules on pods, files and charts. */
import { confText } from "../../../components/spire/confText";
import {
    AGENT_IMAGE,
    SERVER_IMAGE,
    agentConf,
    type Case,
    configMap,
    hostPath,
    object,
    release,
    workload,
} from "./declare";

const HCL = `agent {
  # socket_path = "/elsewhere/agent.sock"
  socket_path = "/run/spire/agent.sock"
  admin_socket_path = "/run/spire/admin/admin.sock"
}`;

export const POD_CASES: Case[] = [
    {
        policy: "sockets-apart",
        follows: [
            configMap(
                "apart/agent",
                agentConf("/run/spire/sockets/a.sock", "/run/spire/admin/a.sock"),
            ),
            configMap("apart/server", {
                "server.conf": confText({ server: { socket_path: "/a" } }),
            }),
        ],
        breaks: [
            {
                resources: [
                    configMap("one/agent", agentConf("/run/spire/a.sock", "/run/spire/b.sock")),
                ],
                message:
                    /ConfigMap one\/agent: agent\.conf: socket_path and admin_socket_path = "\/run\/spire\/a\.sock" and .*put them in sibling/,
            },
            {
                resources: [configMap("hcl/agent", { "agent.conf": HCL })],
                message:
                    /ConfigMap hcl\/agent: .* = "\/run\/spire\/agent\.sock" and "\/run\/spire\/admin\/admin\.sock"/,
            },
            {
                resources: [
                    configMap("below/cilium-config", {
                        "enable-ipsec": "true",
                        "mesh-auth-spire-agent-socket": "/run/spire/a/b/agent.sock",
                        "mesh-auth-spire-admin-socket": "/run/spire/a/admin.sock",
                    }),
                ],
                message:
                    /ConfigMap below\/cilium-config: mesh-auth-spire-agent-socket and mesh-auth-spire-admin-socket = /,
            },
        ],
    },
    {
        policy: "host-paths",
        follows: [
            workload("DaemonSet", "paths/spire-agent", AGENT_IMAGE, {
                volumes: [
                    { name: "a", hostPath: { path: "/run/spire/sockets" } },
                    { name: "b", hostPath: { path: "/run/spire/admin-sockets/" } },
                ],
            }),
            workload(
                "DaemonSet",
                "kube-system/cilium",
                "cilium:1.19.6",
                hostPath("/run/spire/admin-sockets"),
            ),
            workload("Deployment", "paths/app", "app:1", hostPath("/run/spire/sockets")),
        ],
        breaks: [
            {
                resources: [
                    workload("DaemonSet", "more/spire-agent", AGENT_IMAGE, hostPath("/etc")),
                ],
                message:
                    /DaemonSet more\/spire-agent: spec\.template\.spec\.volumes: hostPath of "host" = "\/etc": SPIRE's agent needs nothing/,
            },
            {
                resources: [
                    workload(
                        "StatefulSet",
                        "more/spire-server",
                        SERVER_IMAGE,
                        hostPath("/run/spire/sockets"),
                    ),
                ],
                message:
                    /StatefulSet more\/spire-server: .*SPIRE's server needs nothing of the node;/,
            },
            {
                resources: [
                    workload("Deployment", "more/exporter", "exporter:1", hostPath("/var/run/")),
                ],
                message:
                    /Deployment more\/exporter: .* = "\/var\/run\/": has SPIRE's admin socket.*"more\/exporter" in admins/,
            },
        ],
    },
    {
        policy: "pinned-images",
        follows: [
            workload("Deployment", "pinned/tag", "registry.example.org:5000/team/app:v1.2"),
            workload("Deployment", "pinned/digest", `app@sha256:${"0".repeat(64)}`),
        ],
        breaks: [
            {
                resources: [workload("Deployment", "moving/none", "registry.example.org:5000/app")],
                message:
                    /Deployment moving\/none: image of container "main" = ".*5000\/app": has no version/,
            },
            {
                resources: [workload("Deployment", "moving/latest", "app:latest")],
                message: /"latest" is another image tomorrow; write a version/,
            },
            {
                resources: [
                    object("batch/v1", "CronJob", "moving/job", {
                        spec: {
                            schedule: "0 0 * * *",
                            jobTemplate: {
                                spec: {
                                    template: {
                                        spec: {
                                            restartPolicy: "Never",
                                            containers: [{ name: "main", image: "job:stable" }],
                                        },
                                    },
                                },
                            },
                        },
                    }),
                ],
                message: /CronJob moving\/job: .*"stable" is another image tomorrow/,
            },
        ],
    },
    {
        policy: "bundled-spire-off",
        follows: [
            release("off", {
                encryption: { enabled: true },
                authentication: {
                    mutual: { spire: { enabled: true, install: { enabled: false } } },
                },
            }),
            workload("StatefulSet", "own/spire-server", SERVER_IMAGE, {
                labels: { app: "spire-server" },
            }),
        ],
        breaks: [
            {
                resources: [
                    release("bundled", {
                        encryption: { enabled: true },
                        authentication: { mutual: { spire: { enabled: true } } },
                    }),
                ],
                message:
                    /Helm release bundled: values: has the SPIRE of Cilium's chart.*install\.enabled: false/,
            },
            {
                resources: [
                    workload("StatefulSet", "cilium-spire/spire-server", SERVER_IMAGE, {
                        labels: { app: "spire-server" },
                    }),
                ],
                message: /StatefulSet cilium-spire\/spire-server: has the SPIRE of Cilium's chart/,
            },
        ],
    },
];
