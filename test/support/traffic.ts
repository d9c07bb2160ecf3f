/** Requests between authenticated pods that go on while something is done to the cluster, and what became of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { type Cluster, podState, poll } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import type { Proof } from "../../doctor/proof/proof";
import { CLIENTS, NAMESPACE, PORT, SERVER, STRANGER } from "../../examples/mtls-demo/names";
import { inNetworkOf } from "../../sandbox/nodes/podNetwork";
import { type Fate, TIMEOUT_MS } from "./requests";

/** Between two times that all pairs are forgotten. */
const ANEW_MS = 5_000;

/** A request whose fate is known; times in milliseconds since 1970. */
export interface Sent {
    sent: number;
    ended: number;
    fate: Fate;
}

/** What became of the requests of some time. */
export type TrafficReport = Record<Fate | "sent", number> & {
    /** The longest time without an answer, of the client that had the longest. */
    longestGapSeconds: number;
};

/** What became of requests during an operation. */
export type OperationReport = TrafficReport & {
    /** How long it took. */
    seconds: number;
    /** The longest gap of requests that need no authentication: what is the network's own. */
    plainGapSeconds: number;
};

/** A source of requests that runs until it is stopped. */
export interface Client {
    fates: Sent[];
    stop(): Promise<void>;
}

/**
 * Starts to send requests to a URL; by whom, the words before the command say.
 *
 * @param prefix such as `nsenter` with its arguments.
 */
export function startClient(url: string, prefix: readonly string[] = []): Client {
    const [program, ...args] = [...prefix, process.execPath, join(__dirname, "requests.js"), url];
    const child = execa(program, args, { buffer: false, reject: false, stderr: "inherit" });
    const fates: Sent[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
        const [sent, ended, fate] = line.split(" ");
        fates.push({ sent: Number(sent), ended: Number(ended), fate: fate as Fate });
    });
    let stopped = false;
    const end = child.then(({ shortMessage }) => {
        // A client that died would count nothing, and nothing lost.
        assert.ok(stopped, `the requests ended by themselves: ${shortMessage}`);
    });
    const stop = async () => {
        stopped = true;
        child.kill("SIGKILL");
        await end;
    };
    return { fates, stop };
}

/** The same from the network of a running pod, which is found by its label `app`. */
export async function startClientIn(
    cluster: Cluster,
    namespace: string,
    app: string,
    url: string,
): Promise<Client> {
    const { metadata } = await runningPod(cluster, namespace, `app=${app}`);
    return startClient(url, await inNetworkOf(metadata!.uid!));
}

/** Waits until the newest request of a client, of those whose fate is known, ended so. */
export async function untilTheLast({ fates }: Client, wanted: Fate): Promise<void> {
    await poll(20_000, `request that is ${wanted}`, () => {
        const last = fates.at(-1)?.fate;
        const found = last === wanted ? { done: true } : { waitingFor: `the last is ${last}` };
        return Promise.resolve(found);
    });
}

/** What became of the requests that were sent from one time to another, in milliseconds since 1970. */
export function reportOf(clients: readonly Sent[][], from: number, to: number): TrafficReport {
    const gaps = clients.map((fates) => {
        const answers = fates.filter(({ fate }) => fate === "answered").map(({ ended }) => ended);
        const within = answers.filter((time) => time > from && time < to).sort((a, b) => a - b);
        const times = [from, ...within, to];
        return Math.max(...times.slice(1).map((time, i) => time - times[i]!));
    });
    const all = clients.flat().filter(({ sent }) => sent >= from && sent < to);
    const count = (wanted: Fate) => all.filter(({ fate }) => fate === wanted).length;
    return {
        sent: all.length,
        answered: count("answered"),
        refused: count("refused"),
        lost: count("lost"),
        longestGapSeconds: Math.round(Math.max(...gaps) / 100) / 10,
    };
}

/**
 * The clients of the demo, each sending to its server all the time.
 *
 * The requests are sent by a process of this machine in the network of each client's pod: nothing between the test and that process
 * depends on what is being changed. They go to the server's address, not to its Service.
 */
export class Traffic {
    private constructor(
        private readonly clients: Client[],
        /** From the pod that no policy lets reach the server, to cluster DNS, for which no policy asks. */
        private readonly plain: Client,
    ) {}

    /** @throws Error when a pod of the demo does not run. */
    static async start(cluster: Cluster): Promise<Traffic> {
        const server = await runningPod(cluster, NAMESPACE, `app=${SERVER}`);
        const dns = await runningPod(cluster, "kube-system", "k8s-app=kube-dns");
        const from = (app: string, url: string) => startClientIn(cluster, NAMESPACE, app, url);
        const url = `http://${server.status!.podIP!}:${PORT}/hostname`;
        const clients = await Promise.all(Object.values(CLIENTS).map((app) => from(app, url)));
        return new Traffic(
            clients,
            await from(STRANGER, `http://${dns.status!.podIP!}:8080/health`),
        );
    }

    /**
     * Does something, and reports on the requests that were sent meanwhile.
     *
     * @param anew where every pair has to authenticate again every {@link ANEW_MS}, not only when its certificates expire;
     * not while Cilium's agents are replaced, which have to be asked for it.
     */
    async during(action: () => Promise<unknown>, anew?: Proof): Promise<OperationReport> {
        const from = Date.now();
        const done = new AbortController();
        const forgetting = anew && forgetAgainAndAgain(anew, done.signal);
        await action().finally(() => done.abort());
        await forgetting;
        const to = Date.now();
        // Until the fate of the last one is known.
        await setTimeout(TIMEOUT_MS + 500);
        const report = reportOf(
            this.clients.map(({ fates }) => fates),
            from,
            to,
        );
        const plain = reportOf([this.plain.fates], from, to);
        assert.equal(report.answered + report.refused + report.lost, report.sent);
        assert.ok(report.sent > 0, "no requests were sent");
        assert.ok(plain.answered > 0, "cluster DNS does not answer");
        const seconds = Math.round((to - from) / 100) / 10;
        return { ...report, seconds, plainGapSeconds: plain.longestGapSeconds };
    }

    async stop(): Promise<void> {
        await Promise.all([...this.clients, this.plain].map((client) => client.stop()));
    }
}

async function forgetAgainAndAgain(proof: Proof, done: AbortSignal): Promise<void> {
    while (!done.aborted) {
        await proof.forgetAuthentications();
        await setTimeout(ANEW_MS);
    }
}

async function runningPod(cluster: Cluster, namespace: string, labelSelector: string) {
    const pods = await cluster.list((page) =>
        cluster.core.listNamespacedPod({ namespace, labelSelector, ...page }),
    );
    const pod = pods.find((p) => p.status?.phase === "Running" && !p.metadata?.deletionTimestamp);
    assert.ok(pod, `no running pod with ${labelSelector}: ${pods.map(podState).join("; ")}`);
    return pod;
}
