/** Which directories of a node pods may have. */
import { posix } from "node:path";
import { objectOf, podOf, spirePart } from "../kubernetes";
import type { ResourceRule } from "../rule";
import { within } from "./sockets";

export interface HostPathsConfig {
    workloadDirectory: string;
    adminDirectory: string;
    admins: string[];
    agentPaths: string[];
}

export const hostPaths: ResourceRule<HostPathsConfig> = {
    name: "host-paths",
    description:
        "SPIRE's pods have no directory of the node but the sockets', and nobody else has the admin socket's.",
    properties: {
        workloadDirectory: {
            type: "string",
            description: "Directory of the workload socket on the nodes.",
        },
        adminDirectory: {
            type: "string",
            description: "Directory of the admin socket on the nodes.",
        },
        admins: {
            type: "array",
            items: { type: "string" },
            description:
                "Who may have the admin socket's directory besides SPIRE's agents: `namespace/name` of workloads.",
        },
        agentPaths: {
            type: "array",
            items: { type: "string" },
            description: "What SPIRE's pods may have of the node besides both directories.",
        },
    },
    defaults: {
        workloadDirectory: "/run/spire/sockets",
        adminDirectory: "/run/spire/admin-sockets",
        admins: ["kube-system/cilium"],
        agentPaths: [],
    },
    check: (resource, config) => {
        const object = objectOf(resource);
        const pod = object && podOf(object);
        if (!pod) return [];
        const part = spirePart(pod);
        const isAdmin = config.admins.includes(`${object.namespace}/${object.name}`);
        return pod.hostPaths.flatMap(({ volume, path }) => {
            const at = `${object.title}: ${pod.path}.volumes: hostPath of "${volume}" = "${path}"`;
            if (part !== undefined) {
                const { workloadDirectory, adminDirectory, agentPaths } = config;
                const sockets = part === "agent" ? [workloadDirectory, adminDirectory] : [];
                if ([...sockets, ...agentPaths].some((own) => real(own) === real(path))) return [];
                return [
                    `${at}: SPIRE's ${part} needs ${part === "agent" ? "nothing of the node but its sockets' directories" : "nothing of the node"}; remove the volume, or name the path in agentPaths`,
                ];
            }
            const admin = real(config.adminDirectory);
            if (isAdmin || !(within(real(path), admin) || within(admin, real(path)))) return [];
            return [
                `${at}: has SPIRE's admin socket, which gives out everybody's certificates; mount a narrower directory, or name "${object.namespace}/${object.name}" in admins`,
            ];
        });
    },
};

/** One spelling of a directory: /var/run is a link to /run on every distribution that Kubernetes runs on. */
function real(path: string): string {
    const normal = posix.normalize(path).replace(/(?<=.)\/$/, "");
    return normal.replace(/^\/var\/run(?=\/|$)/, "/run");
}
