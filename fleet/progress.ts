/** What is told of a running `up`. */
import type { EngineEvent } from "@pulumi/pulumi/automation";

const SLOW = /:(StatefulSet|DaemonSet|Deployment|AgentEntries|CustomResource|Command)$/;

/** A line for a resource that takes long, when it is done; nothing for all else. */
export function progressOf({ resOutputsEvent }: EngineEvent): string | undefined {
    const metadata = resOutputsEvent?.metadata;
    if (!metadata || metadata.op === "same" || !SLOW.test(metadata.type)) return undefined;
    const kind = metadata.type.split(":").at(-1)!;
    const name = metadata.urn.split("::").at(-1)!;
    return `${metadata.op} ${kind} ${name}`;
}
