/** Commands in containers: the API server's exec, over a WebSocket. */
import { PassThrough, Readable } from "node:stream";
import { Exec, type V1Status } from "@kubernetes/client-node";
import { explained, unauthorized, whichServer } from "./errors";
import { type ClusterConfig, HANDSHAKE_MS } from "./kubeConfig";
import { messageOf } from "./messageOf";

export interface ExecResult {
    code: number;
    stdout: string;
    stderr: string;
}

export interface ExecTarget {
    namespace: string;
    pod: string;
    container: string;
}

/** @see Cluster.exec */
export async function execInPod(
    config: ClusterConfig,
    target: ExecTarget,
    command: string[],
    options: { stdin?: string; timeoutMs: number },
): Promise<ExecResult> {
    const what = `${command.slice(0, 3).join(" ")} in pod ${target.namespace}/${target.pod}`;
    const out = collector();
    const err = collector();
    const done = Promise.withResolvers<V1Status>();
    const input = options.stdin === undefined ? null : Readable.from([Buffer.from(options.stdin)]);
    // Credentials first: they have a deadline of their own.
    await config.applyToHTTPSOptions({}).catch((error: unknown) => {
        throw explained(error, config);
    });
    const handshakeMs = Math.min(HANDSHAKE_MS, options.timeoutMs);
    const opening = new Exec(config).exec(
        target.namespace,
        target.pod,
        target.container,
        command,
        out.stream,
        err.stream,
        input,
        false,
        done.resolve,
    );
    const socket = await opened(opening, handshakeMs).catch((error: unknown) => {
        throw startProblem(what, target, config, error);
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

/** Waits for a WebSocket; one that opens later is closed. */
async function opened<T extends { close(): void }>(opening: Promise<T>, ms: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
            reject(
                new Error(
                    `the WebSocket did not open within ${ms / 1000} s; is there a proxy on the way that passes none?`,
                ),
            );
            opening.then((socket) => socket.close()).catch(() => undefined);
        }, ms);
    });
    try {
        return await Promise.race([opening, late]);
    } finally {
        clearTimeout(timer);
    }
}

function startProblem(
    what: string,
    { namespace }: ExecTarget,
    config: ClusterConfig,
    error: unknown,
): Error {
    const said = messageOf(error);
    // As the package ws says it.
    const status = Number(/Unexpected server response: (\d+)/.exec(said)?.[1]);
    if (status === 401) return unauthorized(config);
    if (status === 403) {
        return new Error(
            `could not start ${what}: 403; give the user of context "${config.currentContext}" the rights "get" and "create" for pods/exec in namespace ${namespace}`,
        );
    }
    return new Error(`could not start ${what} by the ${whichServer(config)}: ${said}`);
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
