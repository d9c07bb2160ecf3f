/** The kubeconfig is read as kubectl reads it, and what is wrong with it names file and context. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { delimiter, join, relative } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Cluster, ClusterUnreachable } from "@cilium-spire/entries-provider";
import { makeCertificate } from "../../../support/certificate";
import { kubeconfigOf, useFakeCluster } from "../../../support/fakeCluster";

const cluster = useFakeCluster(() => ({ gitVersion: "v1" }));

let inherited: string | undefined;
beforeEach(() => {
    inherited = process.env.KUBECONFIG;
});
afterEach(() => {
    process.env.KUBECONFIG = inherited;
});

async function file(name: string, content: object | string): Promise<string> {
    const path = join(cluster.dir, name);
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
}

const named = (kind: "cluster" | "user" | "context", name: string, value: object) => ({
    [`${kind}s`]: [{ name, [kind]: value }],
});
const server = (name: string) => named("cluster", name, { server: `https://${name}.example` });

function refusal(choice: ConstructorParameters<typeof Cluster>[0] = {}): string {
    try {
        return `reaches ${new Cluster(choice).url}`;
    } catch (error) {
        assert.ok(error instanceof ClusterUnreachable);
        return error.message;
    }
}

test("of several files, what is missing or empty is left out, and the first counts", async () => {
    const context = { cluster: "a", user: "u" };
    const files = [
        join(cluster.dir, "missing"),
        await file("empty", ""),
        await file("one", { ...server("a"), "current-context": "" }),
        await file("two", {
            clusters: [
                ...server("b").clusters!,
                { name: "a", cluster: { server: "https://second.example" } },
            ],
            ...named("context", "first", context),
            ...named("user", "u", {}),
            "current-context": "first",
        }),
        await file("three", {
            ...named("context", "third", { cluster: "b", user: "u" }),
            "current-context": "third",
        }),
    ];
    process.env.KUBECONFIG = ["", ...files].join(delimiter);
    assert.equal(refusal(), "reaches https://a.example");
    assert.equal(refusal({ context: "third" }), "reaches https://b.example");
});

test("only when all files are missing, that is an error", () => {
    const files = ["x", "y"].map((name) => join(cluster.dir, name));
    process.env.KUBECONFIG = files.join(delimiter);
    assert.equal(
        refusal(),
        `kubeconfig ${files.join(", ")} does not exist. Set KUBECONFIG to the kubeconfig of your cluster.`,
    );
});

test("the setting wins over KUBECONFIG, and may be relative", async () => {
    process.env.KUBECONFIG = join(cluster.dir, "missing");
    const own = await file("own", kubeconfigOf("https://own.example"));
    assert.equal(refusal({ kubeconfig: own }), "reaches https://own.example");
    const path = relative(process.cwd(), own);
    assert.equal(refusal({ kubeconfig: path }), "reaches https://own.example");
    assert.match(
        refusal({ kubeconfig: "./no/such" }),
        /^kubeconfig = "\.\/no\/such": \/.*\/no\/such does not exist\. Write the path .*, or remove the key/,
    );
});

test("what is wrong names file and context, and quotes nothing of the file", async () => {
    const wrong = async (content: object | string, context?: string) => {
        const kubeconfig = await file("wrong", content);
        return refusal({ kubeconfig, context }).replace(kubeconfig, "FILE");
    };
    const broken = await wrong("users:\n  - token: hush\n - x: [");
    assert.match(broken, /^kubeconfig FILE cannot be read: \S/);
    assert.doesNotMatch(broken, /hush/);
    assert.equal(await wrong("- a"), "kubeconfig FILE cannot be read: it is not a map");
    const fine = kubeconfigOf("https://x") as Record<string, unknown>;
    assert.equal(
        await wrong(fine, "prod"),
        'kubeconfig FILE has no context "prod". Contexts there: test.',
    );
    assert.match(
        await wrong({ ...fine, "current-context": "" }),
        /^kubeconfig FILE has no current context\. Set kubeContext, or /,
    );
    assert.match(
        await wrong({ ...fine, clusters: [{ name: "test", cluster: {} }] }),
        /^kubeconfig FILE, context "test": has no cluster "test" with a server/,
    );
    assert.match(
        await wrong({ ...fine, users: [] }),
        /^kubeconfig FILE, context "test": has no user "test"/,
    );
    const missing = { server: "https://x", "certificate-authority": "gone.crt" };
    assert.match(
        await wrong({ ...fine, ...named("cluster", "test", missing) }),
        /^kubeconfig FILE, context "test": \/.*\/gone\.crt does not exist/,
    );
    assert.match(
        await wrong({ ...fine, ...named("user", "test", { exec: {} }) }),
        /^kubeconfig FILE: user "test" has an exec without command/,
    );
});

test("a token's file is relative to the kubeconfig, and so is a plugin with a slash", async () => {
    const tokens: (string | undefined)[] = [];
    await mkdir(join(cluster.dir, "sub"));
    await file("sub/token", "from-file");
    await writeFile(
        join(cluster.dir, "sub/plugin"),
        '#!/bin/sh\necho \'{"status":{"token":"from-plugin"}}\'\n',
        { mode: 0o755 },
    );
    for (const user of [{ tokenFile: "token", token: "x" }, { exec: { command: "./plugin" } }]) {
        const kubeconfig = await file("sub/config", kubeconfigOf(cluster.url, user));
        const connection = new Cluster({ kubeconfig });
        await connection.ask(connection.version.getCode());
        tokens.push(cluster.asked.at(-1)!.headers.authorization);
    }
    assert.deepEqual(tokens, ["Bearer from-file", "Bearer from-plugin"]);
});

const NAME = "kubernetes.example";

/** Runs something with an API server whose certificate is for {@link NAME}, and a kubeconfig of its cluster. */
async function withTls(
    run: (url: string, connect: (extra: object) => Promise<Cluster>) => Promise<void>,
): Promise<void> {
    const { certFile, keyFile } = await makeCertificate(cluster.dir, `DNS:${NAME}`);
    const tls = { cert: await readFile(certFile), key: await readFile(keyFile) };
    const secure = createTlsServer(tls, (_, response) => {
        response.writeHead(200, { "content-type": "application/json" }).end('{"gitVersion":"v2"}');
    });
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
    const connectWith = async (extra: object) => {
        const kubeconfig = await file("tls", {
            "current-context": "c",
            ...named("context", "c", { cluster: "c" }),
            ...named("cluster", "c", { server: url, "certificate-authority": "ca.crt", ...extra }),
        });
        return new Cluster({ kubeconfig });
    };
    try {
        await run(url, connectWith);
    } finally {
        secure.close();
        secure.closeAllConnections();
    }
}

const version = async (connection: Cluster) =>
    (await connection.ask(connection.version.getCode())).gitVersion;
const exec = (connection: Cluster) =>
    connection.exec({ namespace: "a", pod: "b", container: "c" }, ["true"], { timeoutMs: 5000 });
/** What a WebSocket gets from a server that answers it as any other request. */
const ANSWERED = /Unexpected server response: 200$/;

test("tls-server-name, a relative certificate and a context without a user", async () => {
    await withTls(async (_, connectWith) => {
        const right = await connectWith({ "tls-server-name": NAME });
        assert.equal(await version(right), "v2");
        await assert.rejects(exec(right), ANSWERED);
        const wrong = await connectWith({});
        await assert.rejects(version(wrong), /does not answer: .*altnames/);
        await assert.rejects(exec(wrong), /could not start true .*altnames/);
    });
});

test("proxy-url: calls and exec go through the proxy", async () => {
    const targets: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
        targets.push(request.url!);
        const [host, port] = request.url!.split(":");
        const upstream = connect(Number(port), host, () => {
            socket.write("HTTP/1.1 200 OK\r\n\r\n");
            upstream.pipe(socket).pipe(upstream);
        });
        upstream.on("error", () => socket.destroy());
        socket.on("error", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
        await withTls(async (url, connectWith) => {
            const extra = { "tls-server-name": NAME, "proxy-url": proxyUrl };
            const connection = await connectWith(extra);
            assert.equal(await version(connection), "v2");
            await assert.rejects(exec(connection), ANSWERED);
            const { host } = new URL(url);
            assert.deepEqual(targets, [host, host]);
        });
    } finally {
        proxy.close();
        proxy.closeAllConnections();
    }
});
