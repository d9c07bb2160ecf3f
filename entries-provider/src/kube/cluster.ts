/** The Kubernetes API as the provider uses it: typed clients with a deadline on every call, and exec. */
import "./nodeVersion";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import {
    ApiException,
    AppsV1Api,
    CoreV1Api,
    createConfiguration,
    CustomObjectsApi,
    Exec,
    KubeConfig,
    KubernetesObjectApi,
    ServerConfiguration,
    VersionApi,
    type V1Status,
} from "@kubernetes/client-node";
import { type List, METADATA_ONLY, type Page, readPages } from "./list";
import { messageOf } from "./messageOf";

/** A cluster cannot be asked at all: no kubeconfig, no such context, or no answer within the deadline. */
export class ClusterUnreachable extends Error {}

/** What is needed of a Node: its status is most of it, and a large cluster has thousands. */
export interface NodeHeader {
    name: string;
    uid: string;
    labels: Record<string, string>;
}

export interface ExecResult {
    code: number;
    stdout: string;
    stderr: string;
}

const REQUEST_TIMEOUT_MS = 15_000;

/** Clients for the cluster of one kubeconfig context. */
export class Cluster {
    readonly core: CoreV1Api;
    readonly apps: AppsV1Api;
    readonly custom: CustomObjectsApi;
    /** Any object by its kind and name. */
    readonly objects: KubernetesObjectApi;
    readonly version: VersionApi;
    readonly url: string;
    private readonly config: KubeConfig;

    /**
     * @param context kubeconfig context; the current one when absent.
     * @throws ClusterUnreachable when there is no usable kubeconfig.
     */
    constructor(context?: string) {
        this.config = loadKubeConfig(context);
        this.url = this.config.getCurrentCluster()!.server;
        const configuration = createConfiguration({
            baseServer: new ServerConfiguration(this.url, {}),
            authMethods: { default: this.config },
            promiseMiddleware: [
                {
                    pre: (request) => {
                        request.setSignal(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
                        return Promise.resolve(request);
                    },
                    post: (response) => Promise.resolve(response),
                },
            ],
        });
        this.core = new CoreV1Api(configuration);
        this.apps = new AppsV1Api(configuration);
        this.custom = new CustomObjectsApi(configuration);
        this.objects = new KubernetesObjectApi(configuration);
        this.version = new VersionApi(configuration);
    }

    /** Runs a call; a transport failure becomes ClusterUnreachable, an answer of the API server passes through. */
    async ask<T>(call: Promise<T>): Promise<T> {
        try {
            return await call;
        } catch (error) {
            throw error instanceof ApiException ? shorten(error) : this.unreachable(error);
        }
    }

    /** As {@link ask}, with `undefined` for "404 not found". */
    async find<T>(call: Promise<T>): Promise<T | undefined> {
        try {
            return await this.ask(call);
        } catch (error) {
            if (error instanceof ApiException && error.code === 404) return undefined;
            throw error;
        }
    }

    /**
     * A whole list, read in pages.
     *
     * @param read the list call with the page's parameters: `(page) => cluster.core.listPod({ namespace, ...page })`.
     * @param keep what is kept of each item.
     */
    async list<T>(read: (page: Page) => Promise<List<T>>): Promise<T[]>;
    async list<T, K>(read: (page: Page) => Promise<List<T>>, keep: (item: T) => K): Promise<K[]>;
    async list<T>(
        read: (page: Page) => Promise<List<T>>,
        keep: (item: T) => unknown = (item) => item,
    ): Promise<unknown[]> {
        return await readPages((page) => this.ask(read(page)), keep);
    }

    /** All nodes, without what only the Node object by its name says. */
    async nodeHeaders(): Promise<NodeHeader[]> {
        return await this.list(
            (page) => this.core.listNode(page, METADATA_ONLY),
            ({ metadata }): NodeHeader => ({
                name: metadata!.name!,
                uid: metadata!.uid!,
                labels: metadata!.labels ?? {},
            }),
        );
    }

    /**
     * Runs a command in a container and collects its output.
     *
     * Standard input needs the end-of-stream message of `v5.channel.k8s.io`, which API servers speak since 1.30.
     * @throws Error when the command does not end before the deadline or the connection breaks.
     */
    async exec(
        target: { namespace: string; pod: string; container: string },
        command: string[],
        options: { stdin?: string; timeoutMs: number },
    ): Promise<ExecResult> {
        const what = `${command.slice(0, 3).join(" ")} in pod ${target.namespace}/${target.pod}`;
        const out = collector();
        const err = collector();
        const done = Promise.withResolvers<V1Status>();
        const socket = await new Exec(this.config)
            .exec(
                target.namespace,
                target.pod,
                target.container,
                command,
                out.stream,
                err.stream,
                options.stdin === undefined ? null : Readable.from([Buffer.from(options.stdin)]),
                false,
                done.resolve,
            )
            .catch((error: unknown) => {
                throw new Error(`could not start ${what}: ${messageOf(error)}`);
            });
        if (options.stdin !== undefined && socket.protocol !== "v5.channel.k8s.io") {
            socket.close();
            throw new Error(
                `the API server speaks ${socket.protocol} for exec, which cannot end standard input. Kubernetes 1.30 or newer is needed.`,
            );
        }
        const seconds = options.timeoutMs / 1000;
        const timer = setTimeout(
            () => done.reject(new Error(`${what} did not end within ${seconds} s`)),
            options.timeoutMs,
        );
        socket.onclose = () => done.reject(new Error(`connection lost during ${what}`));
        socket.onerror = (event) => done.reject(new Error(`${what}: ${event.message}`));
        try {
            const status = await done.promise;
            return { code: exitCode(status), stdout: out.text(), stderr: err.text() };
        } finally {
            clearTimeout(timer);
            socket.close();
        }
    }

    private unreachable(error: unknown): ClusterUnreachable {
        return new ClusterUnreachable(
            `the Kubernetes API server ${this.url} (context "${this.config.currentContext}") does not answer: ` +
                `${messageOf(error)}. Check KUBECONFIG, the context and the network.`,
        );
    }
}

function loadKubeConfig(context?: string): KubeConfig {
    const fromEnv = process.env.KUBECONFIG?.split(":").filter(Boolean) ?? [];
    const files = fromEnv.length ? fromEnv : [join(homedir(), ".kube", "config")];
    const inCluster = !fromEnv.length && process.env.KUBERNETES_SERVICE_HOST !== undefined;
    const missing = files.filter((file) => !existsSync(file));
    if (missing.length && !inCluster) {
        throw new ClusterUnreachable(
            `kubeconfig ${missing.join(", ")} does not exist. Set KUBECONFIG to the kubeconfig of your cluster.`,
        );
    }
    const config = new KubeConfig();
    config.loadFromDefault();
    if (context !== undefined) config.setCurrentContext(context);
    if (!config.getCurrentCluster()) {
        const known = config.contexts.map((c) => c.name).join(", ") || "none";
        throw new ClusterUnreachable(
            `kubeconfig ${files.join(", ")} has no cluster for context "${config.currentContext}". Contexts there: ${known}.`,
        );
    }
    return config;
}

/** client-node puts headers and body into the message; the API server's own sentence is in the body. */
function shorten(error: ApiException<unknown>): ApiException<unknown> {
    const body = typeof error.body === "string" ? (parse(error.body) ?? {}) : error.body;
    const sentence = (body as { message?: string } | undefined)?.message;
    error.message = `Kubernetes API ${error.code}: ${sentence ?? "no details"}`;
    return error;
}

function parse(text: string): object | undefined {
    try {
        return JSON.parse(text) as object;
    } catch {
        return undefined;
    }
}

function exitCode(status: V1Status): number {
    if (status.status === "Success") return 0;
    const cause = status.details?.causes?.find((c) => c.reason === "ExitCode");
    if (cause?.message === undefined) throw new Error(status.message ?? "exec failed");
    return Number(cause.message);
}

function collector() {
    const chunks: Buffer[] = [];
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}
