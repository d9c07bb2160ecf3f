/** Those who get what the program makes, and what they say. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { planWorkloadEntries, toData, type Cluster } from "@cilium-spire/entries-provider";
import { poll } from "@cilium-spire/entries-provider/poll";
import type { WorkloadSpec } from "../../../components/cilium/adoptionPatches";
import { workloadEntriesArgs } from "../../../components/entries/args";
import { SOON } from "../../../sandbox/host/shell";
import { decodeSettings } from "../../../settings/decode";
import { admit, type Applied, keep } from "../../support/admission";
import { type RunningServer, startSpireServer } from "../../support/spireServer";
import { installed } from "../../support/installed";
import { validateConfiguration } from "../../support/spireValidate";
import type { Raw } from "../../unit/components/spire/arbitrary";
import { assertLiteral, withPlainWords } from "./literal";
import { ciliumObjects, configurationOf, type Installing, parsed, spireObjects } from "./program";

/** What they run on. */
export interface Bench {
    /** With a certificate for SPIRE. */
    dir: string;
    kubeconfig: string;
    cluster: Cluster;
}

/** Helm, the API server and SPIRE's `validate`; and every word stays a word. @throws Error of whoever refuses. */
export async function judge(raw: Raw, { cluster, dir }: Bench): Promise<void> {
    const settings = decodeSettings(raw) as Installing;
    const [spire, cilium] = [await spireObjects(settings), await ciliumObjects(settings)];
    await Promise.all([
        admit(cluster, [...spire, ...cilium]),
        validateConfiguration("server", configurationOf(spire, "server"), dir),
        validateConfiguration("agent", configurationOf(spire, "agent"), dir),
    ]);
    assertSockets(settings, cilium);
    const plain = withPlainWords(raw);
    if (!plain) return;
    const others = decodeSettings(plain) as Installing;
    assertLiteral(parsed(spire), parsed(await spireObjects(others)), "SPIRE");
    if (withPlainWords({ cilium: raw.cilium })) {
        assertLiteral(cilium, await ciliumObjects(others), "Cilium");
    }
}

/** Both sockets are where they belong: the directory on the host, under the same path in the container. */
function assertSockets({ mutualAuth, spire, cilium }: Installing, objects: Applied[]): void {
    const admin = dirname(spire.sockets.admin);
    const workload = dirname(spire.sockets.workload);
    const mounts = (kind: string, name: string, container: string, path: string) => {
        const found = objects.find((o) => o.kind === kind && o.metadata.name === name);
        const pod = (found as Applied & { spec: WorkloadSpec }).spec.template.spec;
        const volume = pod.volumes.find(({ hostPath }) => hostPath?.path === path)?.name;
        const main = pod.containers.find((c) => c.name === container)!;
        return main.volumeMounts!.some((m) => m.mountPath === path && m.name === volume);
    };
    const agent = (path: string) => mounts("DaemonSet", "cilium", "cilium-agent", path);
    const operator = mounts("Deployment", "cilium-operator", "cilium-operator", workload);
    assert.equal(agent(admin), mutualAuth, "admin socket in cilium-agent");
    assert.equal(agent(workload), mutualAuth && cilium.workloadSocketInAgent, "workload socket");
    assert.equal(operator, mutualAuth, "workload socket in cilium-operator");
}

/** A server starts with it, publishes its bundle and takes every workload's entry. @throws Error of whoever refuses. */
export async function start(raw: Raw, { cluster, dir, kubeconfig }: Bench): Promise<void> {
    const settings = decodeSettings(raw);
    const objects = await spireObjects(settings);
    const bundle = objects.find((o) => o.metadata.name === "spire-bundle")!;
    await keep(cluster, [bundle]);
    const server = await startSpireServer(configurationOf(objects, "server"), { dir, kubeconfig });
    try {
        const published = async () => {
            const { name, namespace } = bundle.metadata as { name: string; namespace: string };
            const { data } = await cluster.core.readNamespacedConfigMap({ name, namespace });
            const text = data?.["bundle.crt"] ?? "";
            return text.includes("CERTIFICATE") ? { done: true } : { waitingFor: "the bundle" };
        };
        await poll(30_000, "trust bundle", published, SOON);
        await writeEntries(settings, server, dir);
    } finally {
        await server.stop();
    }
}

async function writeEntries(settings: Settings, server: RunningServer, dir: string): Promise<void> {
    // Else a server gets them from those who are not there.
    for (const domain of Object.keys(
        installed(settings).spire.server.federation?.federatesWith ?? {},
    )) {
        const bundle = ["-id", `spiffe://${domain}`, "-path", `${dir}/tls.crt`];
        await server.cli(["bundle", "set", ...bundle]);
    }
    const parents = Object.values(settings.workloads).map(({ parent }) => parent);
    const wanted = parents.map((parent) => ("nodeLabels" in parent ? parent.nodeLabels : {}));
    // A node for each, which has what it asks for.
    const nodes = wanted.map((labels, i) => ({ name: `node-${i}`, uid: `uid-${i}`, labels }));
    const args = workloadEntriesArgs(settings, { project: "cilium-spire", stack: "test" });
    const entries = Object.values(planWorkloadEntries(args, nodes)).map(toData);
    const create = ["entry", "create", "-data", "-", "-output", "json"];
    const { results } = JSON.parse(await server.cli(create, JSON.stringify({ entries }))) as {
        results?: { status: { code: number } }[];
    };
    const refused = (results ?? []).filter(({ status }) => status.code !== 0);
    assert.deepEqual(refused, []);
    assert.equal(results?.length ?? 0, entries.length);
}

type Settings = ReturnType<typeof decodeSettings>;
