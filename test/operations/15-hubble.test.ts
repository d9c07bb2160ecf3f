/**
 * Hubble with its relay, and cert-manager as issuer of its certificates and of the SPIRE server's CA: a stack from nothing in
 * which all of them are real.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { after, before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { demoProgram, enterPulumi, openStack } from "../../automation/stack";
import { examineUntilHealthy, type Result } from "../../doctor/examination/examine";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { hubbleRelay } from "../../sandbox/build/testImages";
import { wantedVersions } from "../../sandbox/build/versions";
import { startCluster } from "../../sandbox/cluster";
import { nodeNamed } from "../../sandbox/host/instance";
import { loadImages } from "../../sandbox/nodes/nodes";
import {
    type CertManager,
    certManagerConfig,
    ISSUER,
    startCertManager,
} from "../support/certManager";
import { ECHO_NAMESPACE, startClient, startEchoes, stopEchoes, unreached } from "../support/echoes";
import { greeted, relayed, relayedFlows } from "../support/hubble";
import {
    home,
    kubectl,
    nodeNames,
    openPlatform,
    sandbox,
    spireServer,
    world,
    type World,
} from "../support/world";

const RELAY = "deployment/hubble-relay";
/** Of all checks of the doctor, on a healthy cluster. */
const DOCTOR_MS = 10_000;
const QUIET_MS = 240_000;

let certManager: CertManager;
let state: World;

before(async () => {
    await startCluster(sandbox);
    await enterPulumi(home);
    // A server keeps the CA that it has, until that is due.
    await removeStacks();
    certManager = await startCertManager(sandbox);
    const archive = await ensureTestImageArchive([hubbleRelay(wantedVersions().cilium)]);
    const names = (await kubectl("get nodes -o jsonpath={.items[*].metadata.name}")).split(" ");
    await Promise.all(names.map((name) => loadImages(nodeNamed(sandbox, name), archive)));
    state = await world(certManagerConfig(ISSUER));
    await startEchoes();
});
after(async () => {
    await stopEchoes();
    await removeStacks();
    await certManager.stop();
    // It leaves them behind.
    const secrets = "hubble-server-certs hubble-relay-client-certs";
    await kubectl(`-n kube-system delete secret --ignore-not-found ${secrets}`);
});

async function removeStacks(): Promise<void> {
    await (await openStack(home, await demoProgram("dev"), "dev")).destroy();
    await (await openPlatform()).destroy();
}

describe("cert-manager", () => {
    test("has signed the CA of SPIRE's server, whose chain ends in the issuer's root", async () => {
        const root = new X509Certificate(certManager.root);
        const bundle = new X509Certificate(await (await spireServer(state)).bundle());
        assert.equal(bundle.fingerprint256, root.fingerprint256);
        const host = await kubectl(
            "-n spire-system get pod spire-server-0 -o jsonpath={.status.podIP}",
        );
        // An SVID names no host.
        const checkServerIdentity = () => undefined;
        const socket = connectTls({ host, port: 8081, ca: certManager.root, checkServerIdentity });
        await once(socket, "secureConnect");
        const svid = socket.getPeerX509Certificate()!;
        socket.destroy();
        assert.ok(socket.authorized);
        assert.match(svid.subjectAltName!, /URI:spiffe:\/\/demo\.local\/spire\/server/);
        const authority = svid.issuerCertificate!;
        assert.ok(authority.ca && svid.verify(authority.publicKey));
        assert.ok(authority.verify(root.publicKey));
        assert.notEqual(authority.fingerprint256, root.fingerprint256);
        console.log(`${authority.subject.replaceAll("\n", ", ")} by ${authority.issuer}`);
    });

    test("has signed Hubble's certificates: agents and relay believe nobody else", async () => {
        const [node] = nodeNames(state);
        const address = await kubectl(
            `get node ${node!} -o jsonpath={.status.addresses[0].address}`,
        );
        const secret = (key: string) =>
            kubectl(
                `-n kube-system get secret hubble-relay-client-certs -o jsonpath={.data.${key}}`,
            );
        const [cert, key] = await Promise.all(
            ["tls\\.crt", "tls\\.key"].map(async (name) =>
                Buffer.from(await secret(name), "base64"),
            ),
        );
        const peer = {
            ca: certManager.root,
            servername: `${node!}.default.hubble-grpc.cilium.io`,
        };
        await greeted(address, { ...peer, cert, key });
        await assert.rejects(greeted(address, peer), /certificate|alert|closed|no answer/i);
    });

    test("and the next preview is quiet", async () => {
        await state.platform.preview({ expectNoChanges: true });
    });
});

describe("Hubble's relay", () => {
    test("is Ready and connected to all nodes", async () => {
        await kubectl(`-n kube-system rollout status ${RELAY} --timeout=120s`);
        const { length } = nodeNames(state);
        await poll(60_000, "relay connected to all nodes", async () => {
            const status = await relayed("status");
            return status.includes(`Connected Nodes: ${length}/${length}`)
                ? { done: true }
                : { waitingFor: status };
        });
    });

    test("shows the authentication by which packets passed, on all nodes", async () => {
        await startClient("client");
        const seen = new Map<string, string>();
        await poll(120_000, "authenticated flows of all nodes", async () => {
            const blocked = await unreached("client");
            const verdicts = ["--type=policy-verdict", "--verdict=FORWARDED", "--last=200"];
            const pods = [`--from-pod=${ECHO_NAMESPACE}/client`, "--to-label=app=echo"];
            for (const flow of await relayedFlows([...verdicts, ...pods])) {
                // What leaves the client is not what the policy is about.
                if (flow.traffic_direction !== "INGRESS") continue;
                seen.set(flow.node_name.split("/").at(-1)!, flow.auth_type ?? "none");
            }
            return seen.size === nodeNames(state).length && blocked.length === 0
                ? { done: true }
                : { waitingFor: `blocked on ${blocked.join()}; seen ${[...seen].join("; ")}` };
        });
        assert.deepEqual([...seen.keys()].sort(), nodeNames(state).sort());
        assert.deepEqual(new Set(seen.values()), new Set(["SPIRE"]));
        await state.demo.prove(120_000);
    });
});

describe("the doctor", () => {
    const examine = (only: string[] = []): Promise<Result[]> =>
        examineUntilHealthy({ cluster: state.cluster, only });

    test("finds nothing on health, in time", async () => {
        // What the stack has just made may be written about in the last lines of logs.
        const { results, ms } = await poll<{ results: Result[]; ms: number }>(
            QUIET_MS,
            "no finding",
            async () => {
                const start = Date.now();
                const results = await examine();
                const found = results.flatMap(({ findings }) => findings.map(({ what }) => what));
                return found.length > 0
                    ? { waitingFor: found.join("; ") }
                    : { done: { results, ms: Date.now() - start } };
            },
        );
        const { seen } = results.find(({ id }) => id === "flows")!;
        assert.equal(seen, "none waits for authentication, by Hubble on 3 of 3 nodes");
        assert.ok(ms < DOCTOR_MS, `${ms} ms`);
        console.log(`doctor: ${ms} ms`);
    });

    test("tells of packets that wait for an authentication, until it comes", async () => {
        const operator = "-n kube-system scale deployment/cilium-operator --replicas";
        await kubectl(`${operator}=0`);
        try {
            // Nobody registers its identity.
            await startClient("newcomer");
            const what = await poll<string>(90_000, "a finding", async () => {
                const blocked = await unreached("newcomer");
                assert.equal(blocked.length, nodeNames(state).length);
                const [result] = await examine(["flows"]);
                const finding = result!.findings.find(({ trouble }) => trouble === "auth-dropped");
                // Those of a node are told when they have lasted.
                const all = nodeNames(state).every((node) => finding?.what.includes(node));
                if (!finding || !all) return { waitingFor: finding?.what ?? result!.seen };
                assert.match(finding.where, new RegExp(`^Pod ${ECHO_NAMESPACE}/echo-`));
                return { done: finding.what };
            });
            assert.match(
                what,
                new RegExp(`packets of ${ECHO_NAMESPACE}/newcomer .* Authentication`),
            );
            console.log(what);
        } finally {
            await kubectl(`${operator}=1`);
        }
        await poll(180_000, "a connection of the newcomer, and a doctor that says so", async () => {
            const blocked = await unreached("newcomer");
            if (blocked.length > 0) return { waitingFor: `blocked on ${blocked.join()}` };
            const [{ seen, findings }] = (await examine(["flows"])) as [Result];
            return findings.length === 0 ? { done: seen } : { waitingFor: findings[0]!.what };
        });
    });
});
