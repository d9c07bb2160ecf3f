/** The Kubernetes API as the provider uses it: typed clients with a deadline on every call, and exec. */
import "./nodeVersion";
import {
    ApiException,
    AppsV1Api,
    CoreV1Api,
    createConfiguration,
    CustomObjectsApi,
    KubernetesObjectApi,
    ServerConfiguration,
    V1DeleteOptions,
    V1Preconditions,
    VersionApi,
} from "@kubernetes/client-node";
import { explained } from "./errors";
import { execInPod, type ExecResult, type ExecTarget } from "./exec";
import { patientHttp } from "./http";
import { ClusterConfig, type ClusterChoice } from "./kubeConfig";
import { type List, METADATA_ONLY, type Page, readPages } from "./list";

/** What is needed of a Node: its status is most of it, and a large cluster has thousands. */
export interface NodeHeader {
    name: string;
    uid: string;
    labels: Record<string, string>;
}

/** What makes a pod this very one. */
export interface PodHeader {
    metadata?: { name?: string; namespace?: string; uid?: string };
}

/** Clients for the cluster of one kubeconfig context. */
export class Cluster {
    readonly core: CoreV1Api;
    readonly apps: AppsV1Api;
    readonly custom: CustomObjectsApi;
    /** Any object by its kind and name. */
    readonly objects: KubernetesObjectApi;
    readonly version: VersionApi;
    readonly url: string;
    private readonly config: ClusterConfig;

    /** @throws ClusterUnreachable that names file and context when there is no usable kubeconfig. */
    constructor(choice: ClusterChoice = {}) {
        this.config = new ClusterConfig(choice);
        this.url = this.config.url;
        const configuration = createConfiguration({
            baseServer: new ServerConfiguration(this.url, {}),
            authMethods: { default: this.config },
            httpApi: patientHttp(),
        });
        this.core = new CoreV1Api(configuration);
        this.apps = new AppsV1Api(configuration);
        this.custom = new CustomObjectsApi(configuration);
        this.objects = new KubernetesObjectApi(configuration);
        this.version = new VersionApi(configuration);
    }

    /**
     * Runs a call, which has 15 s. Where an answer such as 503 or a broken connection may pass, it was tried again.
     *
     * @throws ClusterUnreachable when there is no answer or no credentials; ApiException for an answer that is an error.
     */
    async ask<T>(call: Promise<T>): Promise<T> {
        try {
            return await call;
        } catch (error) {
            throw explained(error, this.config);
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

    /** Deletes this very pod. One that is gone, even if another has its name, is deleted. */
    async deletePod({ metadata }: PodHeader): Promise<void> {
        const { name, namespace, uid } = metadata!;
        const preconditions = Object.assign(new V1Preconditions(), { uid: uid! });
        const body = Object.assign(new V1DeleteOptions(), { preconditions });
        try {
            await this.find(
                this.core.deleteNamespacedPod({ name: name!, namespace: namespace!, body }),
            );
        } catch (error) {
            if (!(error instanceof ApiException && error.code === 409)) throw error;
        }
    }

    /**
     * Runs a command in a container and collects its output.
     *
     * Standard input needs the end-of-stream message of `v5.channel.k8s.io`, which API servers speak since 1.30.
     * @throws Error when the connection does not open within 15 s or breaks, or the command does not end before the deadline.
     */
    async exec(
        target: ExecTarget,
        command: string[],
        options: { stdin?: string; timeoutMs: number },
    ): Promise<ExecResult> {
        return await execInPod(this.config, target, command, options);
    }
}
