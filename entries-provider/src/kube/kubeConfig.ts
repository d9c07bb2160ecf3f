/** The kubeconfig, as kubectl reads it (client-go tools/clientcmd/loader.go), which the client's own loader does not. */
import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type Cluster, KubeConfig, loadYaml, type User } from "@kubernetes/client-node";
import { ClusterUnreachable } from "./clusterUnreachable";
import { CredentialPlugin, type PluginSpec } from "./credentialPlugin";
import { messageOf } from "./messageOf";

/** Which cluster is meant. */
export interface ClusterChoice {
    /** kubeconfig context; the current one when absent. */
    context?: string;
    /** A kubeconfig file, relative to the working directory; those of KUBECONFIG or `~/.kube/config` when absent. */
    kubeconfig?: string;
}

/** Until a WebSocket is open. */
export const HANDSHAKE_MS = 15_000;

/** A kubeconfig with a usable current context. */
export class ClusterConfig extends KubeConfig {
    /** Of the API server. */
    readonly url: string;
    /** Command of the user's credential plugin, if there is one. */
    readonly plugin?: string;

    /** @throws ClusterUnreachable that names file and context when there is no usable one. */
    constructor({ context, kubeconfig }: ClusterChoice) {
        super();
        const files = filesOf(kubeconfig);
        if (files.length > 0) this.loadFromOptions(merged(files));
        else this.loadFromCluster();
        if (context !== undefined) this.setCurrentContext(context);
        const where = files.length > 0 ? `kubeconfig ${files.join(", ")}` : "the pod's own account";
        const { cluster, user } = this.choose(where);
        this.url = cluster.server;
        const exec = user.exec as PluginSpec | undefined;
        if (!exec) return;
        if (!exec.command) {
            throw new ClusterUnreachable(
                `${where}: user "${user.name}" has an exec without command`,
            );
        }
        this.plugin = exec.command;
        // The client's own way of running plugins has no deadline, and comes before any other.
        this.users = [{ ...user, exec: undefined }];
        const { caData, tlsServerName, proxyUrl } = cluster;
        this.addAuthenticator(
            new CredentialPlugin(exec, this.currentContext, where, {
                server: cluster.server,
                ...(tlsServerName && { "tls-server-name": tlsServerName }),
                ...(caData && { "certificate-authority-data": caData }),
                ...(proxyUrl && { "proxy-url": proxyUrl }),
                ...(cluster.skipTLSVerify && { "insecure-skip-tls-verify": true }),
            }),
        );
    }

    override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
        await super.applyToHTTPSOptions(options);
        Object.assign(options, { handshakeTimeout: HANDSHAKE_MS });
    }

    private choose(where: string): { cluster: Cluster; user: User } {
        const name = this.currentContext;
        const known = this.contexts.map((c) => c.name).join(", ") || "none";
        if (!name) {
            throw new ClusterUnreachable(
                `${where} has no current context. Set kubeContext, or run "kubectl config use-context". Contexts there: ${known}.`,
            );
        }
        const context = this.contexts.find((c) => c.name === name);
        if (!context) {
            throw new ClusterUnreachable(
                `${where} has no context "${name}". Contexts there: ${known}.`,
            );
        }
        const at = `${where}, context "${name}"`;
        const cluster = this.getCluster(context.cluster);
        if (!cluster) {
            throw new ClusterUnreachable(
                `${at}: has no cluster "${context.cluster}" with a server; correct the file`,
            );
        }
        // Without a user the client would forget the cluster's certificate authority too.
        if (!context.user) this.users.push({ name: ((context as { user: string }).user = "") });
        const user = this.users.find((u) => u.name === context.user);
        if (!user) {
            throw new ClusterUnreachable(`${at}: has no user "${context.user}"; correct the file`);
        }
        for (const file of [cluster.caFile, user.certFile, user.keyFile]) {
            if (file && !existsSync(file)) {
                throw new ClusterUnreachable(`${at}: ${file} does not exist; correct the file`);
            }
        }
        return { cluster, user };
    }
}

/** The files that are there; none for a pod, which has an account of its own. */
function filesOf(kubeconfig: string | undefined): string[] {
    if (kubeconfig !== undefined) {
        const file = resolve(kubeconfig);
        if (existsSync(file)) return [file];
        throw new ClusterUnreachable(
            `kubeconfig = "${kubeconfig}": ${file} does not exist. Write the path of the kubeconfig of your cluster, absolute or relative to the project's folder, or remove the key to use KUBECONFIG.`,
        );
    }
    const named = process.env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
    const files = named.length > 0 ? named : [join(homedir(), ".kube", "config")];
    // As with kubectl, one that is missing is none.
    const found = files.filter((file) => existsSync(file)).map((file) => resolve(file));
    const inPod = named.length === 0 && process.env.KUBERNETES_SERVICE_HOST !== undefined;
    if (found.length > 0 || inPod) return found;
    throw new ClusterUnreachable(
        `kubeconfig ${files.join(", ")} does not exist. Set KUBECONFIG to the kubeconfig of your cluster.`,
    );
}

type Parts = Pick<KubeConfig, "clusters" | "users" | "contexts" | "currentContext">;

/** Of what stands in several files, the first counts. */
function merged(files: string[]): Parts {
    const all = files.map(read);
    const first = <T extends { name: string }>(parts: T[]) =>
        parts.filter(({ name }, i) => parts.findIndex((part) => part.name === name) === i);
    return {
        clusters: first(all.flatMap(({ clusters }) => clusters)),
        users: first(all.flatMap(({ users }) => users)),
        contexts: first(all.flatMap(({ contexts }) => contexts)),
        currentContext: all.map((config) => config.currentContext).find(Boolean) ?? "",
    };
}

interface RawUser {
    name?: string;
    user?: { tokenFile?: string; exec?: PluginSpec } | null;
}

function read(file: string): Parts {
    const config = new KubeConfig();
    let raw: { users?: RawUser[] };
    try {
        const text = readFileSync(file, "utf8");
        // As with kubectl, an empty file is a kubeconfig without anything.
        const empty = text.split("\n").every((line) => /^\s*(#|---|$)/.test(line));
        raw = empty ? {} : loadYaml<typeof raw>(text);
        if (Object(raw) !== raw || Array.isArray(raw)) throw new Error("it is not a map");
        config.loadFromString(JSON.stringify(raw), { onInvalidEntry: "filter" });
    } catch (error) {
        // What follows the first line is an extract of the file, which may be a secret.
        const problem = messageOf(error).split("\n")[0]!;
        throw new ClusterUnreachable(`kubeconfig ${file} cannot be read: ${problem}`);
    }
    const directory = dirname(file);
    config.makePathsAbsolute(directory);
    return {
        currentContext: config.currentContext,
        contexts: config.contexts,
        clusters: config.clusters.map((c) => ({ ...c, ...(c.caData && { caFile: "" }) })),
        users: config.users.map((user) => {
            const found = raw.users?.find(({ name }) => name === user.name)?.user;
            return {
                ...user,
                ...(user.certData && { certFile: "" }),
                ...(user.keyData && { keyFile: "" }),
                ...(found?.exec && {
                    exec: { ...found.exec, command: commandOf(found.exec, directory) },
                }),
                ...(found?.tokenFile && tokenFrom(resolve(directory, found.tokenFile))),
            };
        }),
    };
}

/** A command with a slash is relative to its kubeconfig; any other is one of PATH. */
function commandOf({ command = "" }: Partial<PluginSpec>, directory: string): string {
    return command.includes("/") ? resolve(directory, command) : command;
}

/** The client knows this key under another name only. */
function tokenFrom(tokenFile: string): Partial<User> {
    const authProvider = { name: "tokenFile", config: { tokenFile } };
    return { authProvider, ...({ token: undefined } as object) };
}
