/** A call is made again where that may help and does no harm, and says what to do where it does not help. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Cluster, ClusterUnreachable } from "@cilium-spire/entries-provider";
import {
    type Answer,
    CUT,
    kubeconfigOf,
    Reply,
    SILENCE,
    useFakeCluster,
} from "../../../support/fakeCluster";
import { writeUnreachableKubeconfig } from "../../../support/kubeconfig";

/** The next answers; then all is well. */
let answers: Answer[] = [];
const cluster = useFakeCluster(() => (answers.length > 0 ? answers.shift() : { gitVersion: "v1" }));

const version = async () => {
    const connection = new Cluster();
    return await connection.ask(connection.version.getCode());
};
const pod = { metadata: { name: "a", namespace: "b", uid: "c" } };

const passing: [string, Answer][] = [
    ["429", new Reply(429)],
    ["500", new Reply(500)],
    ["502 of a proxy", new Reply(502, { text: "Bad Gateway" })],
    ["503", new Reply(503)],
    ["504", new Reply(504)],
    ["a connection that is cut", CUT],
];
for (const [name, failure] of passing) {
    test(`${name}: what reads is asked for again`, async () => {
        answers = [failure, failure];
        assert.equal((await version()).gitVersion, "v1");
        assert.equal(cluster.asked.length, 3);
    });
}

test("Retry-After is waited for", async () => {
    answers = [new Reply(429, {}, { "retry-after": "1" })];
    const start = Date.now();
    await version();
    assert.ok(Date.now() - start >= 1000);
});

test("a Retry-After beyond the deadline is not waited for", async () => {
    answers = [new Reply(503, { message: "busy" }, { "retry-after": "60" })];
    await assert.rejects(version(), /Kubernetes API 503: busy/);
    assert.equal(cluster.asked.length, 1);
});

test("what does not pass is an error after five attempts", async () => {
    answers = Array.from({ length: 9 }, () => new Reply(500, { message: "etcd is gone" }));
    await assert.rejects(version(), /^Error: Kubernetes API 500: etcd is gone$/m);
    assert.equal(cluster.asked.length, 5);
});

test("the deletion of a pod by its UID is repeated, what writes otherwise is not", async () => {
    answers = [CUT, new Reply(503)];
    await new Cluster().deletePod(pod);
    assert.equal(cluster.asked.length, 3);

    const connection = new Cluster();
    const made = { group: "g", version: "v1", plural: "things", body: {} };
    answers = [new Reply(503)];
    await assert.rejects(
        connection.ask(connection.custom.createClusterCustomObject(made)),
        /API 503/,
    );
    answers = [CUT];
    const byName = connection.core.deleteNamespacedPod({ name: "a", namespace: "b" });
    await assert.rejects(connection.ask(byName), ClusterUnreachable);
    assert.equal(cluster.asked.length, 5);
});

test("401 is not repeated, and says cluster, context and remedy", async () => {
    answers = [new Reply(401), new Reply(401)];
    await assert.rejects(version(), (error: Error) => {
        assert.ok(error instanceof ClusterUnreachable);
        assert.equal(
            error.message,
            `the Kubernetes API server ${cluster.url} (context "test") refuses the credentials (401): they are wrong or have expired; log in again, and see that its kubeconfig has the new credentials`,
        );
        return true;
    });
    assert.equal(cluster.asked.length, 1);
});

test("401 with a credential plugin names the plugin", async () => {
    const kubeconfig = join(cluster.dir, "plugin");
    const exec = {
        command: process.execPath,
        args: ["-p", '\'{"status":{"token":"t"}}\''],
    };
    await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(cluster.url, { exec })));
    answers = [new Reply(401)];
    const connection = new Cluster({ kubeconfig });
    await assert.rejects(
        connection.ask(connection.version.getCode()),
        new RegExp(`log in again where the credential plugin "${process.execPath}"`),
    );
    assert.equal(cluster.asked[0]!.headers.authorization, "Bearer t");
});

test("403 is not repeated, and says which right is missing", async () => {
    const message = 'nodes is forbidden: User "u" cannot list resource "nodes" in API group ""';
    answers = [new Reply(403, { kind: "Status", message })];
    await assert.rejects(
        new Cluster().nodeHeaders(),
        new RegExp(
            `Kubernetes API 403: ${message}\\. Give the user of context "test" that right, or choose another context`,
        ),
    );
    assert.equal(cluster.asked.length, 1);
});

test("an API server that refuses connections fails before its deadline", async () => {
    const kubeconfig = join(cluster.dir, "nowhere");
    const url = await writeUnreachableKubeconfig(kubeconfig);
    const connection = new Cluster({ kubeconfig });
    const start = Date.now();
    await assert.rejects(
        connection.ask(connection.version.getCode()),
        new RegExp(`API server ${url} \\(context "nowhere"\\) does not answer: .*ECONNREFUSED`),
    );
    assert.ok(Date.now() - start < 12_000);
});

const target = { namespace: "spire-system", pod: "spire-server-0", container: "spire-server" };

test("an exec whose WebSocket never opens has a deadline", async () => {
    answers = [SILENCE];
    await assert.rejects(
        new Cluster().exec(target, ["spire-server", "agent", "list"], { timeoutMs: 300 }),
        /could not start spire-server agent list in pod spire-system\/spire-server-0 by the API server .*: the WebSocket did not open within 0\.3 s; is there a proxy/,
    );
});

test("an exec that is refused says why, and is not repeated", async () => {
    const exec = () => new Cluster().exec(target, ["true"], { timeoutMs: 5000 });
    answers = [new Reply(403)];
    await assert.rejects(
        exec(),
        /could not start true .*: 403; give the user of context "test" the rights "get" and "create" for pods\/exec in namespace spire-system/,
    );
    answers = [new Reply(401)];
    await assert.rejects(exec(), /refuses the credentials \(401\)/);
    answers = [new Reply(503)];
    await assert.rejects(exec(), /Unexpected server response: 503/);
    assert.equal(cluster.asked.length, 3);
});
