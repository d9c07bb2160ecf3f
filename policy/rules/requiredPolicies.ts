/** Policies that ask for authentication, where somebody can authenticate. */
import { fieldsAt, type KubernetesObject, listAt, objectsOf } from "../kubernetes";
import type { StackRule } from "../rule";

/** The resource of cilium-spire that writes the entries. */
const AGENT_ENTRIES = "pulumi-nodejs:dynamic/spire:AgentEntries";

export interface RequiredPoliciesConfig {
    entriesElsewhere: boolean;
}

export const requiredPolicies: StackRule<RequiredPoliciesConfig> = {
    name: "required-with-entries",
    description:
        "Network policies require authentication only where there are registration entries.",
    properties: {
        entriesElsewhere: {
            type: "boolean",
            description:
                "Another stack writes the entries, as that of a platform. The engine shows policies nothing of what a StackReference reads.",
        },
    },
    defaults: { entriesElsewhere: false },
    checkStack: (resources, { entriesElsewhere }) => {
        if (entriesElsewhere || resources.some(({ type }) => type === AGENT_ENTRIES)) return [];
        return objectsOf(resources)
            .filter(requiresAuthentication)
            .map(({ title, urn }) => ({
                urn,
                message: `${title}: authentication.mode = "required", and this stack does not write the registration entries without which all that it selects is blocked; add them (AgentEntries), or set entriesElsewhere where another stack does`,
            }));
    },
};

function requiresAuthentication({ kind, fields }: KubernetesObject): boolean {
    if (kind !== "CiliumNetworkPolicy" && kind !== "CiliumClusterwideNetworkPolicy") return false;
    return [fieldsAt(fields, "spec"), ...listAt(fields, "specs")]
        .flatMap((spec) => [...listAt(spec, "ingress"), ...listAt(spec, "egress")])
        .some((rule) => fieldsAt(rule, "authentication").mode === "required");
}
