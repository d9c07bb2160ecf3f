/** Where cilium-operator runs when `registration.operatorNodeLabels` says so, with what a user's own values say of it. */
import { isObject, type Values } from "./values";

/** Of the chart (values.yaml of 1.15 to 1.20). */
const CHART_REPLICAS = 2;

/** Where the operator runs, and on how many nodes at least. */
export interface OperatorPlacement {
    nodeSelector: Record<string, string>;
    /** As many as replicas: the chart lets no two share a node, unless the user's values have another affinity. */
    nodes: number;
}

/** @param values of the chart, without {@link nodeSelectorProblems}. */
export function operatorPlacement(
    values: Values,
    labels: Record<string, string>,
): OperatorPlacement {
    const operator = isObject(values.operator) ? values.operator : {};
    const users = isObject(operator.nodeSelector) ? operator.nodeSelector : {};
    const replicas = Number(operator.replicas ?? CHART_REPLICAS);
    return {
        nodeSelector: { ...(users as Record<string, string>), ...labels },
        nodes: operator.affinity === undefined ? replicas : 1,
    };
}

/**
 * What in the user's values would take the operator to nodes where it gets no identity, as `key: problem; remedy`. Narrower
 * selectors, and the same labels once more, are no harm.
 */
export function* nodeSelectorProblems(
    values: Values,
    labels: Record<string, string>,
): Generator<string> {
    const operator = values.operator;
    if (!isObject(operator) || operator.nodeSelector === undefined) return;
    if (Object.keys(labels).length === 0) return;
    const at = "cilium.values.operator.nodeSelector";
    if (!isObject(operator.nodeSelector)) {
        yield `${at}: is no group of labels; remove it, registration.operatorNodeLabels is the operator's selector`;
        return;
    }
    for (const [label, value] of Object.entries(labels)) {
        const users = operator.nodeSelector[label];
        if (users === undefined || users === value) continue;
        yield `${at}["${label}"] = ${JSON.stringify(users)}: registration.operatorNodeLabels says "${value}", and elsewhere the operator gets no identity; remove it here`;
    }
}
