/** spire-controller-manager beside the server: each keeps to its own entries, and a team's pods get theirs by a ClusterSPIFFEID. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { ENTRY_ID_PREFIX } from "../../components/spire/controllerManagerPod";
import { NAMESPACE } from "../../examples/mtls-demo/names";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { CONTROLLER_MANAGER_SPECS } from "../../sandbox/build/testImages";
import { nodeNamed } from "../../sandbox/host/instance";
import { loadImages } from "../../sandbox/nodes/nodes";
import {
    kubectl,
    nodeNames,
    openPlatform,
    ourEntries,
    sandbox,
    spireServer,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

/** Seconds between its reconciliations; the default is ten. */
const INTERVAL = 1;
const KIND = "clusterspiffeids.spire.spiffe.io";
/** Two objects: of our class, and of nobody's. */
const [OURS, CLASSLESS] = ["demo", "classless"];

let state: World;

before(async () => {
    state = await world();
    const archive = await ensureTestImageArchive(CONTROLLER_MANAGER_SPECS);
    const nodes = nodeNames(state).map((name) => nodeNamed(sandbox, name));
    await Promise.all(nodes.map((node) => loadImages(node, archive)));
    const controllerManager = { gcInterval: `${INTERVAL}s` };
    state.platform = await openPlatform({ "cilium-spire:spire": { controllerManager } });
    await upThenQuiet(state);
});
after(async () => {
    // The kind is kept by the stack, for the objects of others.
    await kubectl(`delete crd ${KIND} --ignore-not-found`);
    state.platform = await openPlatform();
    await upThenQuiet(state);
    const left = await theirEntries();
    await (await spireServer(state)).delete(left.map(({ id }) => id));
});

describe("spire-controller-manager of the stack", () => {
    test("writes an entry for each pod of a ClusterSPIFFEID of its class, and deletes none of ours", async () => {
        const before = await ourEntries(state);
        await apply(OURS, { className: "cilium-spire", namespaceSelector: inNamespace(NAMESPACE) });
        await apply(CLASSLESS, { hint: CLASSLESS, namespaceSelector: inNamespace(NAMESPACE) });
        const pods = await podUids();
        const entries = await poll<TheirEntries>(
            60_000,
            "entries of spire-controller-manager",
            async () => {
                const found = await theirEntries();
                return found.length >= pods.length
                    ? { done: found }
                    : { waitingFor: `${found.length} of ${pods.length} are there` };
            },
        );
        // It garbage-collects once per interval; let it do so several times.
        await reconciled();
        assert.deepEqual(
            entries.map(({ selectors }) => selectors.join()).sort(),
            pods.map((uid) => `k8s:pod-uid:${uid}`),
        );
        assert.ok(entries.every(({ hint }) => hint !== CLASSLESS));
        const paths = new Set(entries.map(({ spiffeId }) => spiffeId.split("/").at(-4)));
        assert.deepEqual([...paths], ["ns"]);
        assert.deepEqual(await ourEntries(state), before);
        const stats = await kubectl(`get ${KIND} ${OURS} -o jsonpath={.status.stats.entriesToSet}`);
        assert.equal(Number(stats), pods.length);
    });

    test("gives pods of Cilium and SPIRE nothing", async () => {
        const before = await theirEntries();
        await apply("platform", { className: "cilium-spire", namespaceSelector: {} });
        const ignored = "jsonpath={.status.stats.namespacesIgnored}";
        await poll(30_000, "look at all namespaces", async () => {
            const count = Number(await kubectl(`get ${KIND} platform -o ${ignored}`));
            return count >= 2 ? { done: count } : { waitingFor: `it ignored ${count}` };
        });
        await reconciled();
        const uids = await podUids("-n kube-system", "-n spire-system");
        const entries = await theirEntries();
        assert.ok(entries.length >= before.length && uids.length > 0);
        const given = entries.flatMap(({ selectors }) => selectors);
        assert.deepEqual(
            uids.filter((uid) => given.includes(`k8s:pod-uid:${uid}`)),
            [],
        );
        await kubectl(`delete ${KIND} platform`);
    });

    test("loses none of its own by our up", async () => {
        const ids = async () => (await theirEntries()).map(({ id }) => id).sort();
        await reconciled();
        const theirs = await ids();
        assert.notEqual(theirs.length, 0);
        const server = await spireServer(state);
        await server.delete([(await ourEntries(state))[0]!.id]);
        await upThenQuiet(state);
        assert.deepEqual(await ids(), theirs);
    });

    test("takes its entries along with their ClusterSPIFFEID", async () => {
        await kubectl(`delete ${KIND} ${OURS}`);
        await poll(60_000, "entries to go", async () => {
            const { length } = await theirEntries();
            return length === 0 ? { done: true } : { waitingFor: `${length} are left` };
        });
    });
});

function inNamespace(name: string): object {
    return { matchLabels: { "kubernetes.io/metadata.name": name } };
}

async function apply(name: string, spec: object): Promise<void> {
    const file = join(sandbox.stateDir, "cluster-spiffe-id.json");
    const resource = {
        apiVersion: "spire.spiffe.io/v1alpha1",
        kind: "ClusterSPIFFEID",
        metadata: { name },
        spec: {
            spiffeIDTemplate:
                "spiffe://{{ .TrustDomain }}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}",
            ...spec,
        },
    };
    await writeFile(file, JSON.stringify(resource));
    await kubectl(`apply -f ${file}`);
}

async function reconciled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL * 1000));
}

async function podUids(...namespaces: string[]): Promise<string[]> {
    const asked = namespaces.length > 0 ? namespaces : [`-n ${NAMESPACE}`];
    const lists = await Promise.all(
        asked.map((where) => kubectl(`${where} get pods -o jsonpath={.items[*].metadata.uid}`)),
    );
    return lists.flatMap((list) => list.split(" ")).sort();
}

type TheirEntries = Awaited<ReturnType<typeof theirEntries>>;

async function theirEntries() {
    const entries = await (await spireServer(state)).entries();
    return entries.filter(({ id }) => id.startsWith(`${ENTRY_ID_PREFIX}.`));
}
