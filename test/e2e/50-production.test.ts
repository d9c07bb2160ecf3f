/**
 * Pulumi.prod.yaml on the sandbox: three SPIRE servers on a real PostgreSQL, namespaces apart, each replica killed, and
 * the whole cluster lost.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
    Cluster,
    type Entry,
    owns,
    SERVER_PROGRAM,
    SpireServer,
} from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import type { Values } from "../../settings/cilium/values";
import { CLIENTS } from "../../examples/mtls-demo/names";
import { demoProof } from "../support/demo";
import type { Proof } from "../../doctor/proof/proof";
import type { StackOutputs } from "../../outputs";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { nodeNamed } from "../../sandbox/host/instance";
import { addNode } from "../../sandbox/nodes/nodes";
import {
    demoProgram,
    enterPulumi,
    openStack,
    platformProgram,
    type PulumiHome,
    stackOutputs,
} from "../../automation/stack";
import { makeCertificate } from "../support/certificate";
import { type Postgres, startPostgres } from "../support/postgres";
import { devConfig } from "../../automation/devConfig";
import { kubectl, sandbox } from "../support/world";

const SERVERS = ["spire-server-0", "spire-server-1", "spire-server-2"];
/** The server's namespace, and its Secret, of Pulumi.prod.yaml. */
const NAMESPACE = "spire-server";
const SECRET = "spire-postgres";
/** Pod Security of the namespaces that Pulumi.prod.yaml asks for. */
const LEVELS = { [NAMESPACE]: "restricted", "spire-agents": "privileged" };

/** Outlives the cluster, as a backend does. */
let home: PulumiHome;
let postgres: Postgres;
let cluster: Cluster;
let platform: Stack;
let demoStack: Stack;
let outputs: StackOutputs;
let demo: Proof;

before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-production-"));
    home = { dir, kubeconfig: sandbox.kubeconfig };
    await startCluster(sandbox); // with the address on which the database listens
    postgres = await startPostgres(sandbox);
    await prepareCluster();
    await enterPulumi(home);
    cluster = new Cluster();
});
after(async () => {
    await postgres.stop();
    await rm(home.dir, { recursive: true });
});

/** What comes before the first `up`: nodes, the Secret that Pulumi.prod.yaml names, and Hubble's. */
async function prepareCluster(): Promise<void> {
    await startCluster(sandbox);
    // Three workers for three servers, which must not share a node.
    await addNode(sandbox, nodeNamed(sandbox, "precinct-99-worker3"));
    for (const [namespace, level] of Object.entries(LEVELS)) {
        await kubectl(`create namespace ${namespace}`);
        const label = `pod-security.kubernetes.io/enforce=${level}`;
        await kubectl(`label namespace ${namespace} ${label}`);
    }
    await kubectl(
        `-n ${NAMESPACE} create secret generic ${SECRET} --from-literal=password=${postgres.password} --from-file=ca.crt=${postgres.caFile}`,
    );
    const { caFile, certFile, keyFile } = await makeCertificate(
        home.dir,
        "DNS:*.default.hubble-grpc.cilium.io",
    );
    await kubectl(
        `-n kube-system create secret generic hubble-server-certs --from-file=${caFile} --from-file=${certFile} --from-file=${keyFile}`,
    );
}

describe("the production stack", () => {
    test("comes up on the sandbox, and its next preview is quiet", async () => {
        platform = await openStack(home, await platformProgram(await forSandbox()), "prod");
        outputs = stackOutputs((await platform.up()).outputs);
        assert.equal(Object.keys(outputs.agents ?? {}).length, 4);
        await platform.preview({ expectNoChanges: true });
    });

    test("is admitted by Pod Security: servers restricted, agents privileged", async () => {
        const level = "jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}";
        for (const [namespace, expected] of Object.entries(LEVELS)) {
            assert.equal(await kubectl(`get namespace ${namespace} -o ${level}`), expected);
        }
        const ready = await kubectl(
            `-n ${NAMESPACE} get statefulset spire-server -o jsonpath={.status.readyReplicas}`,
        );
        assert.equal(ready, "3");
    });

    test("runs Cilium's operator on the control plane alone", async () => {
        const nodes = await kubectl(
            "-n kube-system get pods -l io.cilium/app=operator -o jsonpath={.items[*].spec.nodeName}",
        );
        assert.equal(nodes, "precinct-99-control-plane");
    });

    test("authenticates pods", async () => {
        demoStack = await openStack(home, await demoProgram("prod"), "prod");
        await demoStack.up();
        demo = demoProof(cluster, outputs);
        await demo.prove(120_000);
    });

    test("observes flows with Hubble, behind certificates of ours", async () => {
        const status = await kubectl(
            "-n kube-system exec daemonset/cilium -c cilium-agent -- cilium-dbg status",
        );
        assert.match(status, /^Hubble: +Ok /m);
    });

    test("has one trust bundle and one set of entries on all replicas", async () => {
        const bundles = await Promise.all(SERVERS.map((pod) => ask(pod, "bundle", "show")));
        assert.equal(new Set(bundles).size, 1);
        // Each replica signs with a CA of its own, and all trust each other's.
        assert.equal(bundles[0]!.match(/BEGIN CERTIFICATE/g)?.length, SERVERS.length);
        const entries = await Promise.all(SERVERS.map(entriesOf));
        assert.ok(entries[0]!.length > SERVERS.length);
        assert.equal(new Set(entries.map((ids) => ids.join())).size, 1);
    });

    for (const pod of SERVERS) {
        test(`goes on authenticating while ${pod} is killed`, async () => {
            await kubectl(`-n ${NAMESPACE} delete pod ${pod} --grace-period=0 --force`);
            await demo.forgetAuthentications();
            await demo.waitUntilConnected(30_000);
            for (const app of Object.values(CLIENTS)) assert.ok(await demo.connects(app), app);
            await kubectl(`-n ${NAMESPACE} rollout status statefulset/spire-server --timeout=180s`);
        });
    }

    test("a cluster made anew takes the surviving database over in one up", async () => {
        const before = await serverOf();
        await removeCluster(sandbox);
        await prepareCluster();
        cluster = new Cluster();
        outputs = stackOutputs((await platform.up({ refresh: true })).outputs);
        const after = await serverOf();
        // The same trust domain, with the CAs of before and after; the agents and their entries are of the new nodes.
        assert.ok(before.bundle.every((ca) => after.bundle.includes(ca)));
        assert.deepEqual(after.agents, Object.values(outputs.agents!).sort());
        assert.ok(after.agents.every((agent) => !before.agents.includes(agent)));
        assert.deepEqual(after.parents, after.agents);
        await platform.preview({ expectNoChanges: true });
        await demoStack.up({ refresh: true });
        demo = demoProof(cluster, outputs);
        await demo.waitUntilConnected(120_000);
    });

    test("keeps the password out of its state", async () => {
        const state = JSON.stringify(await platform.exportStack());
        assert.ok(!state.includes(postgres.password));
    });

    test("is protected from a destroy, which leaves everything as it is", async () => {
        await assert.rejects(platform.destroy(), /destroy-needs-protect-false" cannot be deleted/);
        await platform.preview({ expectNoChanges: true });
        // Not the whole proof: the surviving database has the identities of the cluster before.
        await demo.forgetAuthentications();
        await demo.waitUntilConnected(60_000);
    });

    test("is destroyed cleanly after the word", async () => {
        await demoStack.destroy();
        platform = await openStack(
            home,
            await platformProgram({ ...(await forSandbox()), "cilium-spire:protect": false }),
            "prod",
        );
        await platform.up();
        await platform.destroy();
        const kinds = "clusterroles,daemonsets,statefulsets,deployments,services,serviceaccounts";
        assert.doesNotMatch(await kubectl(`get ${kinds} -A -o name`), /spire|cilium/);
        // They were there before.
        const namespaces = await kubectl("get namespaces -o name");
        for (const name of Object.keys(LEVELS)) assert.ok(namespaces.includes(name), name);
    });
});

/** What only the sandbox can say: its versions, its network, its database; and that it has no plugin for `verify`. */
async function forSandbox(): Promise<Values> {
    const { "cilium-spire:cilium": cilium } = await devConfig();
    return {
        "cilium-spire:cilium": {
            ...cilium,
            // Beside what the file says: with certificates that someone else makes, previews stay quiet.
            hubble: { enabled: true, tls: { method: "provided" } },
            // The file's WireGuard needs a kernel that has it. The sandbox must do without: many machines for it have neither
            // WireGuard nor IPsec. That the values reach the agents is tested in test/unit/components/cilium.
            encryption: { type: "none" },
        },
        "cilium-spire:verify": false,
        "cilium-spire:spire": {
            server: { datastore: { host: postgres.host } },
        },
    };
}

/** Runs a command of spire-server in the pod of one replica. */
async function ask(pod: string, ...command: string[]): Promise<string> {
    const { container } = outputs.spireServer;
    const result = await cluster.exec(
        { namespace: NAMESPACE, pod, container },
        [SERVER_PROGRAM, ...command],
        { timeoutMs: 30_000 },
    );
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
}

/** What the server knows that must survive the cluster, or must not. */
async function serverOf(): Promise<Record<"bundle" | "agents" | "parents", string[]>> {
    const server = await SpireServer.find(cluster, outputs.spireServer, 120_000);
    assert.ok(server);
    const ours = (await server.entries()).filter((e) => owns("cilium-spire.prod.cilium", e));
    const links = ours.filter((e) => e.parentId.includes("/spire/agent/"));
    const bundle = await ask(SERVERS[0]!, "bundle", "show");
    // Nodes where the operator may run have two links.
    const parents = new Set(links.map((entry) => entry.parentId));
    return {
        bundle: bundle.split(/(?<=END CERTIFICATE-----\n)/),
        agents: (await server.agents()).map((agent) => agent.spiffeId).sort(),
        parents: [...parents].sort(),
    };
}

async function entriesOf(pod: string): Promise<string[]> {
    const shown = await ask(pod, "entry", "show", "-output", "json");
    return (JSON.parse(shown) as { entries: Pick<Entry, "id">[] }).entries.map((e) => e.id).sort();
}
