import { ensureBinary } from "../build/binaries";
import type { Instance } from "../host/instance";
import { run, type RunOptions } from "../host/shell";

/**
 * Runs kubectl as the administrator of the instance and returns its stdout.
 *
 * @throws Error with what kubectl wrote, when it fails or runs out of time.
 */
export async function kubectl(
    instance: Instance,
    args: readonly string[],
    options: Pick<RunOptions, "input" | "timeoutMs"> = {},
): Promise<string> {
    const command = await ensureBinary("kubectl");
    return run(command, [`--kubeconfig=${instance.kubeconfig}`, ...args], options);
}

/** The part of a Node object that the sandbox reads. */
export interface NodeObject {
    metadata: { name: string; uid: string };
    spec: { podCIDR?: string };
    status: { conditions?: { type: string; status: string; message: string }[] };
}

/** The registered nodes. */
export async function getNodes(instance: Instance): Promise<NodeObject[]> {
    const text = await kubectl(instance, ["get", "nodes", "-o", "json"], { timeoutMs: 10_000 });
    return (JSON.parse(text) as { items: NodeObject[] }).items;
}
