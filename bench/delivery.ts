/** How long an identity takes from its registration entry to Cilium's agent. */
import {
    carryOut,
    type Cluster,
    type Entry,
    poll,
    type SpireServer,
} from "@cilium-spire/entries-provider";
import type { StackOutputs } from "../outputs";

/** Cilium logs this, at debug level, when its delegate's stream brings a new one (cilium pkg/auth/spire/delegate.go). */
const NEW_SVID = "newly discovered X509-SVID";

/**
 * Writes an identity entry as cilium-operator does, and looks for its SVID in the log of one cilium-agent.
 *
 * @returns seconds by the clock that stamped the log, which is this machine's.
 */
export async function deliverySeconds(
    cluster: Cluster,
    server: SpireServer,
    outputs: StackOutputs,
    sample: number,
): Promise<number> {
    const { trustDomain } = outputs;
    const entry: Entry = {
        id: `bench-identity-${sample}`,
        spiffeId: `spiffe://${trustDomain}/identity/${900_000 + sample}`,
        parentId: `spiffe://${trustDomain}/cilium-operator`,
        selectors: ["cilium:mutual-auth"],
    };
    const pods = await cluster.list((page) =>
        cluster.core.listNamespacedPod({
            namespace: "kube-system",
            labelSelector: "k8s-app=cilium",
            ...page,
        }),
    );
    const name = pods[0]!.metadata!.name!;
    await carryOut(server, { create: [entry], update: [], delete: [] });
    const written = Date.now();
    try {
        return await poll<number>(60_000, `SVID in the log of ${name}`, async () => {
            const log = await cluster.ask(
                cluster.core.readNamespacedPodLog({
                    name,
                    namespace: "kube-system",
                    timestamps: true,
                    sinceSeconds: 60,
                }),
            );
            const times = log
                .split("\n")
                .filter((line) => line.includes(NEW_SVID) && line.includes(entry.spiffeId))
                .map((line) => Date.parse(line.slice(0, line.indexOf(" "))));
            if (times.length === 0) return { waitingFor: `no "${NEW_SVID}" so far` };
            return { done: (Math.min(...times) - written) / 1000 };
        });
    } finally {
        await carryOut(server, { create: [], update: [], delete: [entry.id] });
    }
}
