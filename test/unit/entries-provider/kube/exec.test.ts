/** Exec as the API server speaks it: `v5.channel.k8s.io`, the number of the channel before each message. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { type WebSocket, WebSocketServer } from "ws";
import { kubeconfigOf } from "../../../support/fakeCluster";

const [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255];
let dir = "";

/** What the container does once its input has ended. */
let container: (input: string, out: (channel: number, text: string) => void) => void;
/** Query of the last exec. */
let asked = new URLSearchParams();
let server: WebSocketServer;
let connection: Cluster;

before(async () => {
    server = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        handleProtocols: () => "v5.channel.k8s.io",
    });
    await new Promise((resolve) => server.once("listening", resolve));
    server.on("connection", (socket, request) => {
        asked = new URL(request.url!, "http://x").searchParams;
        if (asked.get("stdin") === "true") serve(socket);
        else container("", sender(socket));
    });
    const { port } = server.address() as AddressInfo;
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-exec-"));
    const kubeconfig = join(dir, "kubeconfig");
    await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(`http://127.0.0.1:${port}`)));
    connection = new Cluster({ kubeconfig });
});
after(async () => {
    server.close();
    await rm(dir, { recursive: true });
});

const sender = (socket: WebSocket) => (channel: number, text: string) =>
    socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));

function serve(socket: WebSocket): void {
    let input = "";
    socket.on("message", (data: Buffer) => {
        if (data[0] === STDIN) input += data.subarray(1).toString();
        if (data[0] === CLOSE && data[1] === STDIN) container(input, sender(socket));
    });
}

const target = { namespace: "a", pod: "b", container: "c" };
const exec = (options: { stdin?: string; timeoutMs: number }) =>
    connection.exec(target, ["cat", "-"], options);

test("a command gets its input to its end, and its output and exit code come back", async () => {
    container = (input, out) => {
        out(STDOUT, `${input} back`);
        out(STDERR, "said");
        const details = { causes: [{ reason: "ExitCode", message: "3" }] };
        out(STATUS, JSON.stringify({ status: "Failure", details }));
    };
    const result = await exec({ stdin: "there and", timeoutMs: 5000 });
    assert.deepEqual(result, { code: 3, stdout: "there and back", stderr: "said" });
    assert.deepEqual(asked.getAll("command"), ["cat", "-"]);
});

test("a command that does not end, and a connection that breaks, are errors", async () => {
    container = () => undefined;
    await assert.rejects(
        exec({ timeoutMs: 2000 }),
        /^Error: cat - in pod a\/b did not end within 2 s$/,
    );
    container = () => {
        for (const socket of server.clients) socket.terminate();
    };
    await assert.rejects(exec({ timeoutMs: 5000 }), /connection lost during cat - in pod a\/b/);
});
