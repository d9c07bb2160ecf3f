/** What a pod says of itself, and how pods are selected. */
import type { V1Pod } from "@kubernetes/client-node";

export function isReady(pod: V1Pod): boolean {
    return (
        pod.metadata?.deletionTimestamp === undefined &&
        (pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false)
    );
}

/** Why a pod is not Ready, in one clause. */
export function podState(pod: V1Pod): string {
    const name = `pod ${pod.metadata!.name!}`;
    if (pod.metadata?.deletionTimestamp) return `${name} is being deleted`;
    const waiting = (pod.status?.containerStatuses ?? [])
        .map((c) => c.state?.waiting)
        .find(Boolean);
    if (waiting) return `${name} is waiting: ${waiting.reason}${text(waiting.message)}`;
    const unscheduled = pod.status?.conditions?.find(
        (c) => c.type === "PodScheduled" && c.status === "False",
    );
    if (unscheduled) return `${name} is not scheduled${text(unscheduled.message)}`;
    return `${name} is ${pod.status?.phase ?? "unknown"} but not Ready`;
}

/** A label selector, as workloads have it. */
export interface Selector {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/**
 * The selector of a workload in the form that list calls take.
 *
 * @param of whose it is, for messages: `Deployment a/b`.
 * @throws Error when it is empty, which would select every pod, or has what is not understood: half a selector would
 * select the pods of others.
 */
export function selectorText(of: string, selector: Selector = {}): string {
    const { matchLabels = {}, matchExpressions = [] } = selector;
    const requirements = [
        ...Object.entries(matchLabels).map(([key, value]) => [`${key}=${value}`, key, value]),
        ...matchExpressions.map(({ key, operator, values = [] }) => {
            const text = requirementText(key, operator, values);
            if (text === undefined) {
                throw new Error(
                    `the selector of ${of} has "${operator}" with ${values.length} values for the label "${key}", which Kubernetes does not know; correct it`,
                );
            }
            return [text, key, ...values];
        }),
    ];
    const odd = requirements.flatMap(([, ...words]) => words).find((word) => !LABEL.test(word));
    if (odd !== undefined) {
        throw new Error(`the selector of ${of} has ${JSON.stringify(odd)}, which no label can be`);
    }
    if (requirements.length === 0) {
        throw new Error(`the selector of ${of} is empty, and would select every pod; correct it`);
    }
    return requirements.map(([text]) => text).join(",");
}

/** What keys and values of labels are made of; anything else could say more in a selector's text. */
const LABEL = /^[\w./-]*$/;

function requirementText(key: string, operator: string, values: string[]): string | undefined {
    const list = `(${values.join(",")})`;
    if (values.length > 0 && operator === "In") return `${key} in ${list}`;
    if (values.length > 0 && operator === "NotIn") return `${key} notin ${list}`;
    if (values.length === 0 && operator === "Exists") return key;
    if (values.length === 0 && operator === "DoesNotExist") return `!${key}`;
    return undefined;
}

function text(message?: string): string {
    return message ? ` (${message})` : "";
}
