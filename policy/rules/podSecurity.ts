/** Pod Security levels of the namespaces that a stack makes. */
import { fieldsAt, objectsOf, podOf, spirePart } from "../kubernetes";
import type { StackRule } from "../rule";

const LABEL = "pod-security.kubernetes.io/enforce";

export interface PodSecurityConfig {
    without: string[];
}

export const podSecurity: StackRule<PodSecurityConfig> = {
    name: "pod-security-labels",
    description:
        "Namespaces enforce a Pod Security level: restricted for the SPIRE server, privileged only where pods need it.",
    properties: {
        without: {
            type: "array",
            items: { type: "string" },
            description: "Namespaces that need no label, because no pods are in them.",
        },
    },
    // Cilium's chart makes it, and puts nothing but copies of Secrets in.
    defaults: { without: ["cilium-secrets"] },
    checkStack: (resources, { without }) => {
        const objects = objectsOf(resources);
        return objects
            .filter(({ kind, isPatch }) => kind === "Namespace" && !isPatch)
            .filter(({ name }) => !without.includes(name))
            .flatMap(({ name, title, urn, fields }) => {
                const pods = objects.flatMap((object) => {
                    const pod = object.namespace === name ? podOf(object) : undefined;
                    return pod ? [pod] : [];
                });
                const level = fieldsAt(fields, "metadata", "labels")[LABEL];
                const problem = problemOf(
                    typeof level === "string" ? level : undefined,
                    pods.some(({ isPrivileged }) => isPrivileged),
                    pods.some((pod) => spirePart(pod) === "server"),
                );
                return problem ? [{ urn, message: `${title}: metadata.labels: ${problem}` }] : [];
            });
    },
};

function problemOf(
    level: string | undefined,
    needsPrivilege: boolean,
    hasServer: boolean,
): string | undefined {
    const wanted = needsPrivilege ? "privileged" : hasServer ? "restricted" : "baseline";
    if (level === undefined) {
        return `${LABEL} is missing, so pods may mount the sockets of the nodes; set it to ${wanted}`;
    }
    if (!["privileged", "baseline", "restricted"].includes(level)) {
        return `${LABEL} = "${level}" is no level, and the API server refuses it; set it to ${wanted}`;
    }
    if (needsPrivilege) return undefined;
    if (level === "privileged") {
        return `${LABEL} = "privileged", and no pod of this stack needs it; set it to ${wanted}`;
    }
    if (hasServer && level !== "restricted") {
        return `${LABEL} = "${level}", and the SPIRE server in it needs no more than restricted; set it to that`;
    }
    return undefined;
}
