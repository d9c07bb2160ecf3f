/** The values of Cilium's chart that make mutual authentication work with a SPIRE outside the chart. */
import type { Sockets } from "../spire/sockets";

/** Chart values: plain data, keys as in the chart's values.yaml. */
export type Values = { [key: string]: unknown };

export interface MutualAuthArgs {
    trustDomain: string;
    /** `name.namespace.svc:port` of a ClusterIP Service: in this form the operator resolves it through the API. */
    serverAddress: string;
    sockets: Sockets;
}

/** The values this program owns, whatever the version of the chart (1.15 to 1.20). */
export function mutualAuthValues({ trustDomain, serverAddress, sockets }: MutualAuthArgs): Values {
    return {
        authentication: {
            // Off by default since 1.19, where a policy with `mode: required` then lets everything pass.
            enabled: true,
            mutual: {
                spire: {
                    enabled: true,
                    install: { enabled: false },
                    serverAddress,
                    trustDomain,
                    adminSocketPath: sockets.admin,
                    agentSocketPath: sockets.workload,
                },
            },
        },
        // The values above end in a ConfigMap that running pods do not read again.
        rollOutCiliumPods: true,
        operator: { rollOutPods: true },
    };
}

/** Merges ours over the user's; {@link reservedValuePaths} has made sure that they do not meet. */
export function mergeValues(users: Values, ours: Values): Values {
    const merged = { ...users };
    for (const [key, value] of Object.entries(ours)) {
        const other = merged[key];
        merged[key] = isObject(value) && isObject(other) ? mergeValues(other, value) : value;
    }
    return merged;
}

/** Paths in the user's values that this program sets itself, such as `authentication.enabled`. */
export function reservedValuePaths(users: Values): string[] {
    const example = { trustDomain: "", serverAddress: "", sockets: { workload: "", admin: "" } };
    return collisions(users, mutualAuthValues(example));
}

function collisions(users: Values, ours: Values, prefix = ""): string[] {
    return Object.entries(users).flatMap(([key, value]) => {
        const own = ours[key];
        if (own === undefined) return [];
        if (isObject(own) && isObject(value)) return collisions(value, own, `${prefix}${key}.`);
        return [`${prefix}${key}`];
    });
}

function isObject(value: unknown): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
