import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider/poll";
import { oidcDiscoveryProviderArgs, serverArgs } from "../../../components/spire/args";
import { workloadEntriesArgs } from "../../../components/entries/args";
import { oidcDiscoveryProviderConf } from "../../../components/spire/oidcDiscoveryProvider";
import { serverConf } from "../../../components/spire/serverConf";
import { ensureBinary } from "../../../sandbox/build/binaries";
import { SOON } from "../../../sandbox/host/shell";
import { installed } from "../../support/installed";
import { makeCertificate } from "../../support/spireValidate";
import { decode } from "../../unit/components/spire/arbitrary";
import { at, render, useMocks } from "./render";

before(useMocks);

const NAME = "spire-oidc-discovery-provider";
const domain = "oidc.example.org";
const certificate = { name: "oidc-tls" };

async function rendered(oidcDiscoveryProvider?: object) {
    const settings = decode({ oidcDiscoveryProvider, agent: { namespace: "spire-agents" } });
    const all = await render(settings);
    return { settings, all, pod: at(all[`Deployment/${NAME}`], "spec.template.spec") };
}

test("there is none without the setting, and no issuer and no entry of it", async () => {
    const { settings, all } = await rendered();
    assert.ok(!Object.keys(all).some((key) => key.includes("oidc")));
    const conf = serverConf(serverArgs(installed(settings)));
    assert.equal(at(conf, "server.jwt_issuer"), undefined);
    const id = { project: "cilium-spire", stack: "dev" };
    assert.deepEqual(workloadEntriesArgs(settings, id).workloads, {});
});

test("tokens name it as their issuer, and it has an entry of its own", async () => {
    const { settings } = await rendered({ domain });
    const conf = serverConf(serverArgs(installed(settings)));
    assert.equal(at(conf, "server.jwt_issuer"), `https://${domain}`);
    const id = { project: "cilium-spire", stack: "dev" };
    assert.deepEqual(workloadEntriesArgs(settings, id).workloads, {
        "oidc-discovery-provider": {
            spiffeId: `spiffe://demo.local/${NAME}`,
            parent: { nodeLabels: {} },
            selectors: ["k8s:ns:spire-agents", `k8s:sa:${NAME}`],
        },
    });
});

test("its pods are as the restricted level wants them, but for the socket's directory", async () => {
    const { all, pod } = await rendered({ domain, certificate });
    assert.equal(at(pod, "automountServiceAccountToken"), false);
    assert.equal(at(pod, "securityContext.runAsNonRoot"), true);
    assert.deepEqual(at(pod, "containers.0.securityContext"), {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
    });
    const volumes = at(pod, "volumes") as { name: string; hostPath?: object; secret?: object }[];
    assert.deepEqual(
        volumes.flatMap(({ hostPath }) => hostPath ?? []),
        [{ path: "/run/spire/sockets", type: "Directory" }],
    );
    const secret = volumes.find(({ name }) => name === "certificate")!.secret;
    assert.equal(at(secret, "secretName"), "oidc-tls");
    assert.deepEqual(at(all[`Service/${NAME}`], "spec.ports"), [
        { name: "https", port: 443, targetPort: "https" },
    ]);
    assert.ok(!Object.keys(all).some((key) => /Role.*oidc/.test(key)));
});

test("without a certificate it speaks plain HTTP, for whoever has the certificate", async () => {
    const { all, pod } = await rendered({ domain });
    assert.deepEqual(at(all[`Service/${NAME}`], "spec.ports"), [
        { name: "http", port: 80, targetPort: "http" },
    ]);
    assert.ok(!(at(pod, "volumes") as { name: string }[]).some((v) => v.name === "certificate"));
});

/** Starts the program with a configuration on ports of this machine, until it has said that it serves, or has ended. */
async function start(conf: object, dir: string): Promise<string> {
    const file = join(dir, "provider.conf");
    const text = JSON.stringify(conf)
        .replaceAll("/run/spire/certificate", dir)
        .replace('":8443"', '"127.0.0.1:0"')
        .replace('":8080"', '"127.0.0.1:0"');
    await writeFile(file, text);
    const program: ChildProcess = spawn(await ensureBinary("oidc-discovery-provider"), [
        ...["-config", file],
    ]);
    let said = "";
    for (const stream of [program.stdout, program.stderr]) {
        stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    }
    const closed = once(program, "close");
    await poll(
        20_000,
        "start of the provider",
        () => {
            const done = program.exitCode !== null || /Serving HTTP/.test(said);
            return Promise.resolve(done ? { done } : { waitingFor: said });
        },
        SOON,
    );
    program.kill();
    await closed;
    return said;
}

test("the program itself takes its configuration, and refuses what is none", async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-oidc-"));
    await makeCertificate(dir);
    const confOf = (settings: object) =>
        oidcDiscoveryProviderConf(
            oidcDiscoveryProviderArgs(installed(decode({ oidcDiscoveryProvider: settings })))!,
        );
    try {
        const https = { ...confOf({ domain, certificate }), health_checks: undefined };
        assert.match(await start(https, dir), /Serving HTTPS using certificate loaded from disk/);
        const http = { ...confOf({ domain }), health_checks: undefined };
        assert.match(await start(http, dir), /Serving HTTP \(insecure\)/);
        assert.match(await start({ ...http, domains: [] }, dir), /at least one domain/);
    } finally {
        await rm(dir, { recursive: true });
    }
});
