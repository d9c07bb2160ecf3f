/** Logs of pods, as far as checks need them. */
import { type Cluster, messageOf, type V1Pod } from "@cilium-spire/entries-provider";

/** Bytes of a log that are read at most. */
const LIMIT_BYTES = 512 * 1024;
/** Characters of a line that a finding has. */
const SHOWN = 300;

/** The lines that a container has written in the last seconds. */
export async function recentLines(
    cluster: Cluster,
    pod: V1Pod,
    container: string,
    sinceSeconds: number,
): Promise<string[]> {
    return await linesOf(cluster, pod, container, { sinceSeconds });
}

/** The first lines of a container's log; of one that was rotated, those of its last file. */
export async function firstLines(
    cluster: Cluster,
    pod: V1Pod,
    container: string,
): Promise<string[]> {
    return await linesOf(cluster, pod, container, {});
}

async function linesOf(
    cluster: Cluster,
    { metadata }: V1Pod,
    container: string,
    options: { sinceSeconds?: number },
): Promise<string[]> {
    const log = await cluster.ask(
        cluster.core.readNamespacedPodLog({
            ...{ name: metadata!.name!, namespace: metadata!.namespace! },
            ...{ container, limitBytes: LIMIT_BYTES, ...options },
        }),
    );
    // The client gives no text for an empty log.
    return ((log as string | undefined) ?? "").split("\n").filter((line) => line !== "");
}

/** The last line with an error that a container wrote, or its former self before it; undefined when there is none to be had. */
export async function lastWords(
    cluster: Cluster,
    { metadata, status }: V1Pod,
    container: string,
): Promise<string | undefined> {
    const restarts = status?.containerStatuses?.find(({ name }) => name === container);
    const waiting = restarts?.state?.waiting !== undefined;
    if (!restarts || (waiting && restarts.restartCount === 0)) return undefined;
    const log = await cluster
        .ask(
            cluster.core.readNamespacedPodLog({
                ...{ name: metadata!.name!, namespace: metadata!.namespace!, container },
                ...{ tailLines: 30, previous: waiting },
            }),
        )
        // That the pod is not Ready is what matters; without the right to read logs it is said without them.
        .catch((error: unknown) => `level=error msg="no log: ${messageOf(error)}"`);
    const line = log
        .split("\n")
        .filter((text) => /level=(error|fatal)|"level":"(error|fatal)"|panic/i.test(text))
        .at(-1);
    return line === undefined ? undefined : shortened(line);
}

export function shortened(line: string): string {
    const text = line.trim();
    return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)} ...`;
}
