/** What a pod says of itself, and how pods are selected. */
import type { V1LabelSelector, V1Pod } from "@kubernetes/client-node";

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

/** A label selector in the form that list calls take. */
export function selectorText(selector: V1LabelSelector): string {
    return Object.entries(selector.matchLabels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(",");
}

function text(message?: string): string {
    return message ? ` (${message})` : "";
}
