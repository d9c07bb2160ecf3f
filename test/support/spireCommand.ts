/** The command line of a SPIRE server in a pod. */
import type { Cluster } from "@cilium-spire/entries-provider";
import { SERVER_PROGRAM } from "@cilium-spire/entries-provider";

/** Runs `spire-server` in a pod; throws when it fails. */
export async function spireCommand(
    cluster: Cluster,
    pod: { namespace: string; pod: string; container: string },
    args: string[],
    stdin?: string,
): Promise<string> {
    const command = [SERVER_PROGRAM, ...args];
    const options = { timeoutMs: 30_000, ...(stdin !== undefined && { stdin }) };
    const { code, stdout, stderr } = await cluster.exec(pod, command, options);
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
}
