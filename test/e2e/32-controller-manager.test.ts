/** spire-controller-manager beside us on one server: each keeps to its own entries. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { NAMESPACE } from "../../examples/mtls-demo/names";
import { dependencyDir, ensureBinary, moduleSource } from "../../sandbox/build/binaries";
import { CONTROLLER_MANAGER } from "../../sandbox/build/programs";
import { nodeNamed } from "../../sandbox/host/instance";
import { asNode } from "../../sandbox/nodes/nodes";
import {
    kubectl,
    ourEntries,
    sandbox,
    spireServer,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

const THEIR_PREFIX = "scm.";
/** Milliseconds between its reconciliations; the default is ten seconds. */
const INTERVAL_MS = 1000;

let state: World;
let manager: ChildProcess | undefined;
/** What it printed. */
let log = "";

before(async () => {
    state = await world();
});
after(async () => {
    if (manager?.exitCode === null) {
        // Its whole process group: nsenter forks into the node's PID namespace and would leave it behind.
        process.kill(-manager.pid!, "SIGTERM");
        await once(manager, "close");
    }
    await kubectl("delete crd -l test=controller-manager --ignore-not-found");
});

describe("spire-controller-manager with an entryIDPrefix", () => {
    test("writes its entries and deletes none of ours", async () => {
        const before = await ourEntries(state);
        await startManager();
        await applyClusterSpiffeId();
        await poll(60_000, "entry of spire-controller-manager", async () => {
            const count = (await theirEntries()).length;
            return count > 0
                ? { done: count }
                : { waitingFor: `its log ends: ${log.slice(-2000)}` };
        });
        // It garbage-collects once per interval; let it do so several times.
        await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS));
        assert.deepEqual(await ourEntries(state), before);
    });

    test("loses none of its own by our up", async () => {
        const theirs = await theirEntries();
        assert.notEqual(theirs.length, 0);
        const server = await spireServer(state);
        await server.delete([(await ourEntries(state))[0]!.id]);
        await upThenQuiet(state);
        assert.deepEqual(await theirEntries(), theirs);
    });
});

/** Starts it on the node of the server's pod, where the server's socket is in an emptyDir. */
async function startManager(): Promise<void> {
    const source = moduleSource("kubernetes");
    const crds = join(await dependencyDir(CONTROLLER_MANAGER, source), "config", "crd", "bases");
    await kubectl(`apply -f ${crds}`);
    await kubectl(
        "label crd clusterspiffeids.spire.spiffe.io clusterstaticentries.spire.spiffe.io clusterfederatedtrustdomains.spire.spiffe.io controllermanagerconfigs.spire.spiffe.io test=controller-manager",
    );
    const pod = await kubectl(
        "-n spire-system get pod spire-server-0 -o jsonpath={.spec.nodeName},{.metadata.uid},{.spec.volumes[?(@.emptyDir)].name}",
    );
    const [node, uid, volumes] = pod.split(",");
    const volume = volumes!.split(" ").find((name) => name.includes("socket"))!;
    const pods = `/var/lib/kubelet/pods/${uid!}/volumes/kubernetes.io~empty-dir`;
    const file = join(sandbox.stateDir, "spire-controller-manager.json");
    const config = {
        apiVersion: "spire.spiffe.io/v1alpha1",
        kind: "ControllerManagerConfig",
        metrics: { bindAddress: "0" },
        health: { healthProbeBindAddress: "127.0.0.1:18083" },
        leaderElection: { leaderElect: false },
        clusterName: state.outputs.clusterName,
        trustDomain: state.outputs.trustDomain,
        clusterDomain: "cluster.local",
        // A Go duration as JSON has it: nanoseconds.
        gcInterval: INTERVAL_MS * 1e6,
        entryIDPrefix: THEIR_PREFIX.slice(0, -1),
        spireServerSocketPath: `${pods}/${volume}/api.sock`,
    };
    await writeFile(file, JSON.stringify(config));
    const binary = await ensureBinary("spire-controller-manager");
    const [program, ...args] = await asNode(nodeNamed(sandbox, node!), [binary, `-config=${file}`]);
    manager = spawn(program!, args, {
        env: { ...process.env, ENABLE_WEBHOOKS: "false", KUBECONFIG: sandbox.kubeconfig },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
    });
    for (const stream of [manager.stdout, manager.stderr]) {
        stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
    }
}

async function applyClusterSpiffeId(): Promise<void> {
    const file = join(sandbox.stateDir, "cluster-spiffe-id.json");
    const resource = {
        apiVersion: "spire.spiffe.io/v1alpha1",
        kind: "ClusterSPIFFEID",
        metadata: { name: "demo" },
        spec: {
            spiffeIDTemplate:
                "spiffe://{{ .TrustDomain }}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}",
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } },
        },
    };
    await writeFile(file, JSON.stringify(resource));
    await kubectl(`apply -f ${file}`);
}

async function theirEntries(): Promise<string[]> {
    const entries = await (await spireServer(state)).entries();
    return entries
        .map((entry) => entry.id)
        .filter((id) => id.startsWith(THEIR_PREFIX))
        .sort();
}
