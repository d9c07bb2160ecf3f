/** Whether an operator that someone else deployed stays on the nodes where it gets its identity. */

/** The parts of a pod that keep it to nodes. */
export interface OperatorPod {
    nodeSelector?: Record<string, string>;
    affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: Required } };
}

interface Required {
    nodeSelectorTerms: {
        matchExpressions?: { key: string; operator: string; values?: string[] }[];
    }[];
}

/**
 * Those of the labels, as `key=value`, without which a node may have the pod: neither its selector nor every term of its
 * required affinity asks for exactly this value. All of them where there is no pod.
 */
export function strayLabels(
    pod: OperatorPod | undefined,
    labels: Record<string, string>,
): string[] {
    const terms =
        pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
            ?.nodeSelectorTerms ?? [];
    const asked = (label: string, value: string) =>
        pod?.nodeSelector?.[label] === value ||
        // A node has to match any one of the terms.
        (terms.length > 0 &&
            terms.every(({ matchExpressions = [] }) =>
                matchExpressions.some(
                    ({ key, operator, values = [] }) =>
                        key === label &&
                        operator === "In" &&
                        values.length === 1 &&
                        values[0] === value,
                ),
            ));
    return Object.entries(labels)
        .filter(([label, value]) => !asked(label, value))
        .map(([label, value]) => `${label}=${value}`);
}
