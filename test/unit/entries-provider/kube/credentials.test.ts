/** Credential plugins of a kubeconfig: run as kubectl runs them, with a deadline, and quiet about what they know. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import {
    CredentialPlugin,
    type PluginSpec,
    withoutSecrets,
} from "@cilium-spire/entries-provider/credentialPlugin";
import { kubeconfigOf, useFakeCluster } from "../../../support/fakeCluster";

const cluster = useFakeCluster(() => ({ gitVersion: "v1" }));

/** A kubeconfig with a plugin that is this script for `sh`. */
async function clusterWith(script: string, spec: Partial<PluginSpec> = {}): Promise<Cluster> {
    const exec = { command: "sh", args: ["-c", script], ...spec };
    const kubeconfig = join(cluster.dir, "kubeconfig");
    await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(cluster.url, { exec })));
    return new Cluster({ kubeconfig });
}

async function ask(script: string, spec?: Partial<PluginSpec>): Promise<string> {
    const connection = await clusterWith(script, spec);
    return await connection.ask(connection.version.getCode()).then(
        () => String(cluster.asked.at(-1)!.headers.authorization),
        (error: unknown) => (error as Error).message,
    );
}

const credential = (status: object) => `printf '%s' '${JSON.stringify({ status })}'`;

test("a plugin's token is sent, and it gets what kubectl gives it", async () => {
    const log = join(cluster.dir, "info");
    const script = `printf '%s' "$KUBERNETES_EXEC_INFO $EXTRA" > ${log}; ${credential({ token: "t1" })}`;
    const apiVersion = "client.authentication.k8s.io/v1";
    const env = [{ name: "EXTRA", value: "more" }];
    assert.equal(await ask(script, { apiVersion, env, provideClusterInfo: true }), "Bearer t1");
    const [info, extra] = (await readFile(log, "utf8")).split(" ");
    assert.equal(extra, "more");
    assert.deepEqual(JSON.parse(info!), {
        kind: "ExecCredential",
        apiVersion,
        spec: {
            interactive: false,
            cluster: { server: cluster.url, "insecure-skip-tls-verify": true },
        },
    });
});

test("it runs once for many calls, and again when its credential has expired", async () => {
    const log = join(cluster.dir, "runs");
    const runs = async (status: object) => {
        await writeFile(log, "");
        const connection = await clusterWith(`echo x >> ${log}; ${credential(status)}`);
        const call = () => connection.ask(connection.version.getCode());
        await Promise.all([call(), call()]);
        await call();
        return (await readFile(log, "utf8")).length / 2;
    };
    assert.equal(await runs({ token: "t" }), 1);
    assert.equal(await runs({ token: "t", expirationTimestamp: "2999-01-01T00:00:00Z" }), 1);
    assert.equal(await runs({ token: "t", expirationTimestamp: "2001-01-01T00:00:00Z" }), 3);
});

test("a plugin that fails is named, with what it said", async () => {
    const message = await ask("echo 'session has expired, token=abc' >&2; exit 3");
    assert.match(
        message,
        /^the credential plugin "sh" of kubeconfig .*\/kubeconfig, context "test", failed \(3\): session has expired, token=\*\*\*$/,
    );
    const other = { command: "no-such-plugin", installHint: "install it" };
    assert.match(await ask("", other), /"no-such-plugin" .* is not installed: install it$/);
    assert.match(await ask("echo secret-output"), /wrote no JSON$/);
    assert.match(await ask("echo '{}'"), /gave neither a token nor a certificate$/);
    assert.equal(cluster.asked.length, 0);
});

test("a plugin that hangs has a deadline, also when it is another program that hangs", async () => {
    const spec = { command: "sh", args: ["-c", "echo 'open your browser' >&2; sleep 20; true"] };
    const plugin = new CredentialPlugin(spec, "test", "kubeconfig x", {}, 200);
    const start = Date.now();
    await assert.rejects(
        plugin.applyAuthentication({ name: "u" }, { headers: {} }),
        /^Error: the credential plugin "sh" of kubeconfig x, context "test", did not end within 0\.2 s/,
    );
    assert.ok(Date.now() - start < 15_000);
});

test("what a plugin said is short and has no secrets", () => {
    const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWIifQ.c2ln";
    const said = `Bearer abc ${token}\n"client_secret": "hush" password=hush https://me:hush@h/`;
    const text = withoutSecrets(said);
    for (const secret of ["abc", "eyJ", "hush"]) assert.ok(!text.includes(secret), text);
    const long = withoutSecrets("some words ".repeat(200));
    assert.ok(long.startsWith("... ") && long.length <= 304);
});
