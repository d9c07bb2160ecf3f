/**
 * The SPIRE server, driven through its own command line in its pod: the image has nothing else (no shell), and
 * callers of its local socket need no credential that could end in state.
 */
import { type Entry, fromShown, idFromJson, type ShownEntry, toData } from "./entry";
import type { Cluster } from "../kube/cluster";
import type { ExecResult } from "../kube/exec";
import { messageOf } from "../kube/messageOf";
import { isReady, podState, selectorText } from "../kube/pods";
import { poll } from "../kube/poll";
import { batchesOf } from "./batches";
import { parseOutput, shortened } from "./commandOutput";

/** The server and its command line, where SPIRE's images have it (Dockerfile, all releases from 1.9). */
export const SERVER_PROGRAM = "/opt/spire/bin/spire-server";

/** Where the server runs. */
export interface ServerRef {
    namespace: string;
    statefulSet: string;
    container: string;
    /** Where its API listens for the command line, if not at SPIRE's default path. */
    socketPath?: string;
}

/** An agent that attested at some time. */
export interface AttestedAgent {
    spiffeId: string;
    banned: boolean;
    /** Unix time in seconds. */
    expiresAt: number;
    /** `type:value`, by which aliases are given to it. */
    selectors?: string[];
}

/** What SPIRE said of one entry of a batch. */
export interface EntryFailure {
    id: string;
    code: number;
    message: string;
}

/** gRPC status codes that SPIRE uses per entry. */
export const GRPC = { ok: 0, notFound: 5, alreadyExists: 6 } as const;

const COMMAND_TIMEOUT_MS = 60_000;

interface AgentJson {
    id: { trust_domain: string; path: string };
    banned?: boolean;
    x509svid_expires_at: string;
    selectors?: { type: string; value: string }[];
}

/** What a command says of each item of a batch, in its order. */
export interface BatchResult {
    results?: { status?: { code?: number; message?: string }; id?: string }[];
}

/** One server replica; all replicas answer from the same datastore. */
export class SpireServer {
    private constructor(
        private readonly cluster: Cluster,
        private readonly server: ServerRef,
        private readonly pod: string,
    ) {}

    /**
     * Finds a Ready replica.
     *
     * @param waitMs how long to wait for one; 0 looks once.
     * @returns undefined when the StatefulSet does not exist (any more).
     * @throws Error that says why no replica is Ready.
     */
    static async find(
        cluster: Cluster,
        server: ServerRef,
        waitMs: number,
    ): Promise<SpireServer | undefined> {
        const where = `${server.namespace}/${server.statefulSet}`;
        return await poll(waitMs, `Ready pod of StatefulSet ${where}`, async () => {
            const set = await cluster.find(
                cluster.apps.readNamespacedStatefulSet({
                    name: server.statefulSet,
                    namespace: server.namespace,
                }),
            );
            if (!set) return { done: undefined };
            const pods = await cluster.list((page) =>
                cluster.core.listNamespacedPod({
                    namespace: server.namespace,
                    labelSelector: selectorText(`StatefulSet ${where}`, set.spec?.selector),
                    ...page,
                }),
            );
            const ready = pods.find(isReady);
            if (ready) return { done: new SpireServer(cluster, server, ready.metadata!.name!) };
            return { waitingFor: pods.map(podState).join("; ") || "it has no pods" };
        });
    }

    /** Every agent on record, expired and banned ones too: the command reads all pages (cli/agent/list.go). */
    async agents(): Promise<AttestedAgent[]> {
        const { agents = [] } = await this.json<{ agents?: AgentJson[] }>(["agent", "list"]);
        return agents.map((agent) => ({
            spiffeId: idFromJson(agent.id),
            banned: agent.banned ?? false,
            expiresAt: Number(agent.x509svid_expires_at),
            selectors: (agent.selectors ?? []).map(({ type, value }) => `${type}:${value}`),
        }));
    }

    /** The trust bundle: PEM, the certificates of all CAs whose SVIDs are believed. */
    async bundle(): Promise<string> {
        return (await this.run(["bundle", "show", "-format", "pem"])).stdout;
    }

    /** Every registration entry, whoever wrote it: the command reads all pages (cli/entry/show.go). */
    async entries(): Promise<Entry[]> {
        const { entries = [] } = await this.json<{ entries?: ShownEntry[] }>(["entry", "show"]);
        return entries.map(fromShown);
    }

    /** Creates entries; returns those that SPIRE refused. */
    async create(entries: Entry[]): Promise<EntryFailure[]> {
        return await this.writeEntries("create", entries);
    }

    /** Replaces entries by ID as a whole; returns those that SPIRE refused. */
    async update(entries: Entry[]): Promise<EntryFailure[]> {
        return await this.writeEntries("update", entries);
    }

    /** Deletes entries by ID; one that does not exist counts as deleted. */
    async delete(ids: string[]): Promise<EntryFailure[]> {
        const failures = await this.batches(
            ids,
            (id) => id,
            (batch) => this.json(["entry", "delete", "-file", "-"], JSON.stringify({ ids: batch })),
        );
        return failures.filter((failure) => failure.code !== GRPC.notFound);
    }

    /** Bans an agent: SPIRE's revocation, kept until the agent is evicted. */
    async ban(spiffeId: string): Promise<void> {
        await this.json(["agent", "ban", "-spiffeID", spiffeId]);
    }

    /** Forgets an agent, if it is known. Not a revocation: an agent that can attest comes back. */
    async evict(spiffeId: string): Promise<void> {
        try {
            await this.json(["agent", "evict", "-spiffeID", spiffeId]);
        } catch (error) {
            // SPIRE may have pruned it meanwhile.
            if (!/code = NotFound/.test(messageOf(error))) throw error;
        }
    }

    private async writeEntries(verb: "create" | "update", entries: Entry[]) {
        return await this.batches(
            entries,
            (entry) => entry.id,
            (batch) =>
                this.json(
                    ["entry", verb, "-data", "-"],
                    JSON.stringify({ entries: batch.map(toData) }),
                ),
        );
    }

    private async batches<T>(
        items: T[],
        idOf: (item: T) => string,
        run: (batch: T[]) => Promise<BatchResult>,
    ): Promise<EntryFailure[]> {
        const failures: EntryFailure[] = [];
        for (const batch of batchesOf(items)) {
            const { results = [] } = await run(batch);
            batch.forEach((item, i) => {
                const status = results[i]?.status;
                const code = status?.code ?? (results[i] ? GRPC.ok : -1);
                if (code !== GRPC.ok) {
                    const message = status?.message ?? "SPIRE gave no result for it";
                    failures.push({ id: idOf(item), code, message });
                }
            });
        }
        return failures;
    }

    /**
     * Runs a command of its command line with JSON output, whose exit code is 0 even when items of a batch failed: results
     * are read one by one.
     *
     * @param args such as `["entry", "show"]`.
     * @throws Error with what the command said when it ends with another code, or prints no JSON.
     */
    async json<T>(args: string[], stdin?: string): Promise<T> {
        const result = await this.run(args, ["-output", "json"], stdin);
        return parseOutput(this.what(args), result) as T;
    }

    /** As {@link json}, for commands whose own format is JSON, such as `bundle show -format spiffe`. */
    async document<T>(args: string[]): Promise<T> {
        return parseOutput(this.what(args), await this.run(args)) as T;
    }

    /** The release, without what a build adds: `1.13.3`. */
    async version(): Promise<string> {
        // Its library for command lines prints it on standard error.
        const { stdout, stderr } = await this.run(["--version"]);
        const version = /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0];
        if (version !== undefined) return version;
        throw new Error(`${this.what(["--version"])} printed no version: ${shortened(stderr)}`);
    }

    private async run(args: string[], form: string[] = [], stdin?: string): Promise<ExecResult> {
        const { namespace, container, socketPath } = this.server;
        // A command without words is none that calls the server.
        const asks = socketPath !== undefined && !args[0]!.startsWith("-");
        const socket = asks ? ["-socketPath", socketPath] : [];
        const result = await this.cluster.exec(
            { namespace, pod: this.pod, container },
            [SERVER_PROGRAM, ...args, ...form, ...socket],
            { timeoutMs: COMMAND_TIMEOUT_MS, ...(stdin !== undefined && { stdin }) },
        );
        if (result.code === 0) return result;
        const said = shortened(result.stderr || result.stdout);
        throw new Error(`${this.what(args)} ended with ${result.code}: ${said}`);
    }

    private what(args: string[]): string {
        return `spire-server ${args.join(" ")} in pod ${this.server.namespace}/${this.pod}`;
    }
}
