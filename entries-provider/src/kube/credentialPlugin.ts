/** Programs that a kubeconfig names to get credentials from (`exec`), run as kubectl runs them, and with a deadline. */
import { execFile, type ExecFileException } from "node:child_process";
import type { RequestOptions } from "node:https";
import type { KubeConfig, User } from "@kubernetes/client-node";
import { ClusterUnreachable } from "./clusterUnreachable";

/** An `exec` of a kubeconfig's user. */
export interface PluginSpec {
    apiVersion?: string;
    command: string;
    args?: string[] | null;
    env?: { name: string; value: string }[] | null;
    installHint?: string;
    provideClusterInfo?: boolean;
}

type Authenticator = Parameters<KubeConfig["addAuthenticator"]>[0];

/** A plugin has as long for a login in a browser, or for a cloud's slow token. */
const DEADLINE_MS = 30_000;
const LONGEST_OUTPUT = 1024 * 1024;
/** A credential is not used in its last moments: it would expire on its way. */
const MARGIN_MS = 10_000;

interface Credential {
    token?: string;
    clientCertificateData?: string;
    clientKeyData?: string;
    expirationTimestamp?: string;
}

/** Asks one plugin for credentials, and again when they have expired. */
export class CredentialPlugin implements Authenticator {
    private last?: Promise<Credential>;
    private readonly what: string;

    /**
     * @param where the kubeconfig, for messages.
     * @param cluster what the plugin is told of the cluster when it asks for that.
     */
    constructor(
        private readonly spec: PluginSpec,
        context: string,
        where: string,
        private readonly cluster: object,
        private readonly deadlineMs = DEADLINE_MS,
    ) {
        this.what = `the credential plugin "${spec.command}" of ${where}, context "${context}",`;
    }

    isAuthProvider(): boolean {
        return true;
    }

    /** @throws Error that says why there are no credentials, with the end of what the plugin said. */
    async applyAuthentication(_user: User, opts: RequestOptions): Promise<void> {
        const { token, clientCertificateData, clientKeyData } = await this.current();
        if (clientCertificateData) opts.cert = clientCertificateData;
        if (clientKeyData) opts.key = clientKeyData;
        // The client has made the headers an object.
        if (token) Object.assign(opts.headers!, { Authorization: `Bearer ${token}` });
    }

    private async current(): Promise<Credential> {
        const last = this.last;
        if (last && (await last.then(isFresh, () => false))) return await last;
        // Of calls at the same time one runs the plugin.
        if (!this.last || this.last === last) {
            this.last = this.run().then((output) => this.credentialOf(output));
        }
        return await this.last;
    }

    private run(): Promise<string> {
        const { command, args, env, apiVersion, provideClusterInfo } = this.spec;
        const info = {
            kind: "ExecCredential",
            apiVersion: apiVersion ?? "client.authentication.k8s.io/v1",
            spec: { interactive: false, ...(provideClusterInfo && { cluster: this.cluster }) },
        };
        const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
        return new Promise((resolve, reject) => {
            const options = {
                env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
                timeout: this.deadlineMs,
                killSignal: "SIGKILL" as const,
                maxBuffer: LONGEST_OUTPUT,
            };
            const child = execFile(command, args ?? [], options, (error, stdout, stderr) => {
                if (!error) {
                    resolve(stdout);
                    return;
                }
                const said = withoutSecrets(stderr);
                const why = this.failure(error);
                reject(new ClusterUnreachable(`${this.what} ${why}${said && `: ${said}`}`));
            });
            child.stdin?.end();
        });
    }

    private failure({ code, killed }: ExecFileException): string {
        const { installHint } = this.spec;
        if (code === "ENOENT") {
            return `is not installed${installHint ? `: ${withoutSecrets(installHint)}` : ""}`;
        }
        // One that writes too much is killed too, and has a code then.
        if (killed && typeof code !== "string") {
            return `did not end within ${this.deadlineMs / 1000} s`;
        }
        return `failed (${code ?? "killed"})`;
    }

    private credentialOf(output: string): Credential {
        let status: Credential | undefined;
        try {
            ({ status } = JSON.parse(output) as { status?: Credential });
        } catch {
            // What the parser says has parts of the output in it.
            throw new ClusterUnreachable(`${this.what} wrote no JSON`);
        }
        if (status?.token || status?.clientCertificateData) return status;
        throw new ClusterUnreachable(`${this.what} gave neither a token nor a certificate`);
    }
}

function isFresh({ expirationTimestamp: expires }: Credential): boolean {
    return !expires || Date.parse(expires) - MARGIN_MS > Date.now();
}

const LONGEST_SAID = 300;

/** The end of what a program said, on one line, without what looks like a token, a password or a key. */
export function withoutSecrets(text: string): string {
    const line = text
        .replaceAll(/\s+/g, " ")
        .replaceAll(/:\/\/[^\s"@/]*@/g, "://***@")
        .replaceAll(/\b(bearer|basic) [^\s"',]+/gi, "$1 ***")
        .replaceAll(
            /\b([\w-]*(?:token|password|passwd|secret|key)"?\s*[:=]\s*"?)[^\s"',]+/gi,
            "$1***",
        )
        .replaceAll(/[\w+/=.~-]{32,}/g, "***")
        .trim();
    return line.length <= LONGEST_SAID ? line : `... ${line.slice(-LONGEST_SAID)}`;
}
