/** Requests between pods that are as good as new: Cilium forgets again and again whom it has authenticated. */
import { setTimeout } from "node:timers/promises";
import type { Cluster } from "@cilium-spire/entries-provider";
import { ensureBinary } from "../../sandbox/build/binaries";
import { nodeNamed } from "../../sandbox/host/instance";
import { execNode } from "../../sandbox/nodes/nodes";
import { ECHO_NAMESPACE, echoUrl, startClient, startEchoes, stopEchoes } from "./echoes";
import { sandbox } from "./world";
import { type Client, reportOf, startClientIn, type TrafficReport } from "./traffic";

/** Longer than TCP waits before it repeats the packet that was dropped while the pair was authenticated. */
const ANEW_MS = 2_500;
const CLIENTS = ["newcomer-1", "newcomer-2"];

/**
 * Two clients of a server on one node, whose map of authenticated pairs is emptied every {@link ANEW_MS}: as the node, so also
 * while its agent of Cilium is being replaced. Pairs elsewhere stay known.
 */
export class NewPairs {
    private readonly done = new AbortController();
    private forgetting?: Promise<void>;

    private constructor(private readonly clients: Client[]) {}

    /** @param node that none of the known pairs needs. */
    static async start(cluster: Cluster, node: string): Promise<NewPairs> {
        await startEchoes();
        await Promise.all(CLIENTS.map(startClient));
        const url = await echoUrl(node);
        const pairs = new NewPairs(
            await Promise.all(
                CLIENTS.map((app) => startClientIn(cluster, ECHO_NAMESPACE, app, url)),
            ),
        );
        pairs.forgetting = pairs.forget(node, await ensureBinary("cilium-dbg"));
        return pairs;
    }

    /** What became of the requests that were sent from one time to another, in milliseconds since 1970. */
    report(from: number, to: number): TrafficReport {
        return reportOf(
            this.clients.map(({ fates }) => fates),
            from,
            to,
        );
    }

    async stop(): Promise<void> {
        this.done.abort();
        await this.forgetting;
        await Promise.all(this.clients.map((client) => client.stop()));
        await stopEchoes();
    }

    private async forget(node: string, ciliumDbg: string): Promise<void> {
        while (!this.done.signal.aborted) {
            await execNode(nodeNamed(sandbox, node), [ciliumDbg, "bpf", "auth", "flush"]);
            await setTimeout(ANEW_MS);
        }
    }
}
