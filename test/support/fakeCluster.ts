/** An API server that knows what a test tells it: a web server on loopback, to which KUBECONFIG points meanwhile. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { json } from "node:stream/consumers";
import { after, before, beforeEach } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";

const NAMESPACED = [
    "StatefulSet",
    "DaemonSet",
    "Deployment",
    "Service",
    "ServiceAccount",
    "ConfigMap",
    "CronJob",
    "PersistentVolumeClaim",
];
const CLUSTER_WIDE = [
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "CSIDriver",
];

/** Which kinds there are, and below which paths: for every group the same list, but for those of cert-manager. */
const KINDS = [...NAMESPACED, ...CLUSTER_WIDE].map((kind) => ({
    kind,
    name: `${kind.toLowerCase()}s`,
    namespaced: NAMESPACED.includes(kind),
}));

/** A request, as the server got it. */
export interface Asked {
    method: string;
    path: string;
    query: URLSearchParams;
    headers: IncomingHttpHeaders;
    body?: unknown;
}

/** An answer with a status of its own. */
export class Reply {
    constructor(
        readonly status: number,
        readonly body: object = { kind: "Status", message: `status ${status}`, code: status },
        readonly headers: Record<string, string> = {},
    ) {}
}

/** Not answered: the connection is cut. */
export const CUT = Symbol("cut");
/** Not answered: nothing happens. */
export const SILENCE = Symbol("silence");

/** What is at a path; undefined for "not found". */
export type Answer = object | typeof CUT | typeof SILENCE | undefined;

/** What a command in a container comes to. */
export interface ExecAnswer {
    code?: number;
    stdout?: string;
    stderr?: string;
}

/** Runs a command that somebody executes in a pod. */
export type Execute = (command: string[], stdin: string) => ExecAnswer | Reply;

export interface FakeCluster {
    /** The requests since the current test began, in their order. */
    asked: Asked[];
    /** `http://127.0.0.1:<port>`; known when tests run. */
    url: string;
    /** A directory of its own, in which the kubeconfig is. */
    dir: string;
}

/**
 * @param answer what is at a path.
 * @param exec what commands in pods come to.
 */
export function useFakeCluster(
    answer: (path: string, asked: Asked) => Answer,
    exec?: Execute,
): FakeCluster {
    const fake: FakeCluster = { asked: [], url: "", dir: "" };
    const answerTo = async (request: IncomingMessage): Promise<Answer> => {
        const url = new URL(request.url!, "http://x");
        const path = url.pathname.replace(/\/$/, "");
        const asked: Asked = {
            method: request.method!,
            path,
            query: url.searchParams,
            headers: request.headers,
        };
        if (Number(request.headers["content-length"] ?? 0) > 0) asked.body = await json(request);
        fake.asked.push(asked);
        if (/^\/(api|apis\/(?!cert-manager)[^/]+)\/v1$/.test(path)) return { resources: KINDS };
        return answer(path, asked);
    };
    const cluster = createServer((request, response) => {
        void answerTo(request).then((found = new Reply(404)) => {
            if (found === SILENCE) return;
            if (found === CUT) return request.socket.destroy();
            const { status, body, headers } = replyOf(found);
            response.writeHead(status, { "content-type": "application/json", ...headers });
            response.end(JSON.stringify(body));
        });
    });
    // Without one, a request for a WebSocket is answered as any other.
    if (exec) {
        cluster.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
            answerExec(request, socket, head, exec),
        );
    }
    const inherited = process.env.KUBECONFIG;
    beforeEach(() => {
        fake.asked.length = 0;
    });
    before(async () => {
        await new Promise<void>((resolve) => cluster.listen(0, "127.0.0.1", resolve));
        const { port } = cluster.address() as AddressInfo;
        fake.url = `http://127.0.0.1:${port}`;
        fake.dir = await mkdtemp(join(tmpdir(), "cilium-spire-cluster-"));
        process.env.KUBECONFIG = join(fake.dir, "kubeconfig");
        await writeFile(process.env.KUBECONFIG, JSON.stringify(kubeconfigOf(fake.url)));
    });
    after(async () => {
        if (inherited === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = inherited;
        cluster.close();
        cluster.closeAllConnections();
        await rm(fake.dir, { recursive: true });
    });
    return fake;
}

const EXEC = "v5.channel.k8s.io";
const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => EXEC });
/** Channels of the protocol; the last one tells that another has ended. */
const [STDOUT, STDERR, STATUS, CLOSE] = [1, 2, 3, 255] as const;

/** A command that takes standard input runs at its end, and is then too late to be refused. */
function answerExec(request: IncomingMessage, socket: Duplex, head: Buffer, exec: Execute): void {
    const query = new URL(request.url!, "http://x").searchParams;
    const command = query.getAll("command");
    const early = query.get("stdin") === "true" ? undefined : exec(command, "");
    if (early instanceof Reply) {
        socket.end(`HTTP/1.1 ${early.status} Refused\r\n\r\n`);
        return;
    }
    sockets.handleUpgrade(request, socket, head, (stream) => {
        if (early) {
            print(stream, early);
            return;
        }
        const chunks: Buffer[] = [];
        stream.on("message", (data: Buffer) => {
            if (data[0] !== CLOSE) return void chunks.push(data.subarray(1));
            const late = exec(command, Buffer.concat(chunks).toString("utf8"));
            if (late instanceof Reply) stream.terminate();
            else print(stream, late);
        });
    });
}

/** As kubelets do: what was printed, then how it ended. */
function print(stream: WebSocket, { code = 0, stdout = "", stderr = "" }: ExecAnswer): void {
    const causes = [{ reason: "ExitCode", message: String(code) }];
    const failure = { status: "Failure", reason: "NonZeroExitCode", details: { causes } };
    const send = (channel: number, text: string) => {
        if (text) stream.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
    };
    send(STDOUT, stdout);
    send(STDERR, stderr);
    send(STATUS, JSON.stringify(code === 0 ? { status: "Success" } : failure));
}

function replyOf(found: object): Reply {
    return found instanceof Reply ? found : new Reply(200, found);
}

/** A kubeconfig with the one context "test". */
export function kubeconfigOf(url: string, user: object = {}): object {
    // The client speaks plain HTTP only when told that it need not check certificates.
    const server = { server: url, "insecure-skip-tls-verify": true };
    return {
        "current-context": "test",
        contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
        clusters: [{ name: "test", cluster: server }],
        users: [{ name: "test", user }],
    };
}

/** The part of a list that was asked for by `limit` and `continue`, or by the name. */
export function pageOf(all: object[], { query }: Asked): object {
    const name = query.get("fieldSelector")?.replace("metadata.name=", "");
    const nameOf = (item: { metadata?: { name?: string } }) => item.metadata?.name;
    const items = name === undefined ? all : all.filter((item) => nameOf(item) === name);
    const start = Number(query.get("continue") ?? 0);
    const end = start + Number(query.get("limit") ?? items.length);
    const metadata = end < items.length ? { continue: String(end) } : {};
    return { kind: "List", metadata, items: items.slice(start, end) };
}
