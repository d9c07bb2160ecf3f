/** Rules of Cilium's policies, as far as they are understood here, and whom they select. */

/** A peer's part of a rule. */
export interface Direction {
    authentication?: { mode?: string };
    fromEndpoints?: Selector[];
    fromEntities?: string[];
    fromCIDR?: string[];
    fromCIDRSet?: { cidr?: string; except?: string[] }[];
    toEntities?: string[];
    toPorts?: { ports?: Port[] }[];
    icmps?: unknown[];
}

/** A port by its number or its name. */
export interface Port {
    port?: string;
    endPort?: number;
    protocol?: string;
}

export interface Rule {
    endpointSelector?: Selector;
    nodeSelector?: Selector;
    ingress?: Direction[];
    ingressDeny?: Direction[];
    egress?: Direction[];
    enableDefaultDeny?: { ingress?: boolean; egress?: boolean };
}

/** As Kubernetes' own; keys may have a source before a colon: `k8s:app`, `any:app`. */
export interface Selector {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/**
 * True when a selector of endpoints fits an identity.
 *
 * @param labels with their sources: `k8s:app`.
 */
export function selects(
    { matchLabels = {}, matchExpressions = [] }: Selector,
    labels: Record<string, string>,
): boolean {
    const value = (key: string) => valueOf(key, labels);
    const equal = Object.entries(matchLabels).every(([key, wanted]) => value(key) === wanted);
    return (
        equal &&
        matchExpressions.every(({ key, operator, values = [] }) => {
            const found = value(key);
            switch (operator) {
                case "In":
                    return found !== undefined && values.includes(found);
                case "NotIn":
                    return found === undefined || !values.includes(found);
                case "Exists":
                    return found !== undefined;
                case "DoesNotExist":
                    return found === undefined;
                default:
                    return false;
            }
        })
    );
}

/** Whether any part of a rule requires authentication. */
export function requires({ ingress = [], egress = [] }: Rule): boolean {
    return [...ingress, ...egress].some(
        ({ authentication }) => authentication?.mode === "required",
    );
}

/** A key without a source, or with `any`, is that of every source (cilium pkg/labels). */
function valueOf(key: string, labels: Record<string, string>): string | undefined {
    const [, source, name = key] = /^(k8s|any|reserved|container|cidr):(.*)$/.exec(key) ?? [];
    if (source !== undefined && source !== "any") return labels[key];
    const fitting = Object.keys(labels).find(
        (label) => label.slice(label.indexOf(":") + 1) === name,
    );
    return fitting === undefined ? undefined : labels[fitting];
}
