/** A stack that nobody runs Pulumi for: rendered, committed, and applied by Flux. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Cluster, poll, SpireServer } from "@cilium-spire/entries-provider";
import { parseAllDocuments, stringify } from "yaml";
import { enterPulumi } from "../../automation/stack";
import { spirePlace } from "../../components/spire/place";
import type { Proof } from "../../doctor/proof/proof";
import { render } from "../../gitops/render";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { GITOPS_SPECS } from "../../sandbox/build/testImages";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { nodeNamed } from "../../sandbox/host/instance";
import { repositoryRoot } from "../../sandbox/host/paths";
import { loadImages } from "../../sandbox/nodes/nodes";
import type { Values } from "../../settings/cilium/values";
import { demoProof } from "../support/demo";
import { type Flux, startFlux } from "../support/flux";
import { GitServer } from "../support/gitServer";
import { waitUntilRegistered } from "../support/identities";
import { renderableSettings } from "../support/rendering";
import { home, kubectl, sandbox } from "../support/world";

const ID = { project: "cilium-spire", stack: "dev" };
const EXAMPLE = join(repositoryRoot, "examples", "gitops");
/** Of the rendered files in the repository: the default of `gitops.path`. */
const FOLDER = "cilium-spire";
const STAGES = ["cilium", "spire-server", "spire-agents", "entries"].map(
    (stage) => `cilium-spire-${stage}`,
);
/** Cilium, SPIRE and pods, on a machine that does other things as well. */
const ALL_MS = 600_000;

const SHOP = { shop: { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop", "k8s:sa:shop"] } };
const SHOP_ID = "cilium-spire.dev.workloads.cluster.shop";

let dir: string;
let git: GitServer;
let flux: Flux;
let cluster: Cluster;
let demo: Proof;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-gitops-"));
    await removeCluster(sandbox);
    await startCluster(sandbox);
    await enterPulumi(home);
    cluster = new Cluster();
    const archive = await ensureTestImageArchive(GITOPS_SPECS);
    const nodes = await cluster.list((page) => cluster.core.listNode(page));
    for (const { metadata } of nodes) {
        await loadImages(nodeNamed(sandbox, metadata!.name!), archive);
    }
    git = await GitServer.start(dir);
    flux = await startFlux(sandbox, dir);
});
after(async () => {
    await flux.stop();
    await git.stop();
    await rm(dir, { recursive: true });
});

/** Renders the stack `dev` with some settings over its own into the working copy. */
async function rendered(over: Values = {}): Promise<void> {
    await render(await renderableSettings("dev", over), ID, join(git.copy, FOLDER));
}

/** What is waited for stays the same; five minutes of it would show nothing more. */
async function shortenTimeouts(): Promise<void> {
    const file = join(git.copy, FOLDER, "flux", "cilium-spire.yaml");
    const text = await readFile(file, "utf8");
    assert.ok(text.includes("timeout: 5m"));
    await writeFile(file, text.replaceAll("timeout: 5m", "timeout: 75s"));
}

interface Kustomization {
    metadata: { name: string; generation?: number };
    status?: {
        observedGeneration?: number;
        lastAppliedRevision?: string;
        lastAttemptedRevision?: string;
        conditions?: { type: string; status: string; reason: string; message: string }[];
    };
}

async function kustomizations(): Promise<Map<string, Kustomization>> {
    const text = await kubectl("-n flux-system get kustomizations -o json");
    const { items } = JSON.parse(text) as { items: Kustomization[] };
    return new Map(items.map((item) => [item.metadata.name, item]));
}

function ready(of: Kustomization | undefined): { status: string; reason: string; message: string } {
    const condition = of?.status?.conditions?.find(({ type }) => type === "Ready");
    return condition ?? { status: "Unknown", reason: "None", message: "is not there" };
}

/** Waits until a commit is applied, and healthy, in all of these. */
async function applied(commit: string, names: string[]): Promise<void> {
    await poll(ALL_MS, `commit ${commit.slice(0, 8)} in all Kustomizations`, async () => {
        const all = await kustomizations();
        const missing = names.filter((name) => {
            const one = all.get(name);
            const revision = one?.status?.lastAppliedRevision ?? "";
            return ready(one).status !== "True" || !revision.endsWith(commit);
        });
        if (missing.length === 0) return { done: true };
        const states = missing.map((name) => `${name} ${ready(all.get(name)).message}`);
        return { waitingFor: `${states.join("; ")}; the logs end: ${await flux.log()}` };
    });
}

async function entryIds(): Promise<string[]> {
    const settings = await renderableSettings("dev");
    const server = await SpireServer.find(cluster, spirePlace(settings.spire).server, 60_000);
    return (await server!.entries()).map(({ id }) => id);
}

async function dataOf(configMap: string): Promise<string> {
    return await kubectl(`-n spire-system get configmap ${configMap} -o jsonpath={.data}`);
}

describe("Flux", () => {
    test("applies a rendered stack, stage by stage, and then the pods", async () => {
        await rendered();
        await cp(join(EXAMPLE, "apps"), join(git.copy, "apps"), { recursive: true });
        const commit = await git.commit("A stack, and pods");
        await kubectl(`apply -f ${await exampleOf(git.url)}`);
        await applied(commit, ["cilium-spire", ...STAGES, "apps"]);
        const ids = await entryIds();
        for (const role of ["parent-link", "cilium-agent", "cilium-operator"]) {
            assert.ok(ids.includes(`cilium-spire.dev.cilium.cluster.${role}`), ids.join());
        }
    });

    test("and they authenticate", async () => {
        const { trustDomain, spire } = await renderableSettings("dev");
        const spireServer = spirePlace(spire).server;
        demo = demoProof(cluster, { trustDomain, spireServer });
        await waitUntilRegistered(cluster, { trustDomain, spireServer });
        for (const { what, seen } of await demo.prove(240_000)) console.log(`${what}: ${seen}`);
    });

    test("applies a change, and takes it back with the commit", async () => {
        await rendered({ spire: { agent: { logLevel: "DEBUG" } } });
        await applied(await git.commit("More to read"), STAGES);
        assert.match(await dataOf("spire-agent"), /DEBUG/);
        const before = await jobs();
        await applied(await git.revert(), STAGES);
        assert.doesNotMatch(await dataOf("spire-agent"), /DEBUG/);
        // What has not changed was not done again.
        assert.deepEqual(await jobs(), before);
        await demo.waitUntilConnected(120_000);
    });

    test("writes an entry that is added, and deletes one that a later rendering has no more", async () => {
        await rendered({ workloads: SHOP });
        await applied(await git.commit("A shop"), STAGES);
        assert.ok((await entryIds()).includes(SHOP_ID));
        await rendered();
        await applied(await git.commit("No shop"), STAGES);
        assert.ok(!(await entryIds()).includes(SHOP_ID));
    });

    test("stops at a stage that does not get healthy, and goes on when it is taken back", async () => {
        await rendered();
        await shortenTimeouts();
        await applied(await git.commit("Less patience"), ["cilium-spire", ...STAGES]);
        // Two of three nodes get agents that cannot start, as many as a rollout takes at once.
        await rendered({
            workloads: SHOP,
            spire: { agent: { image: "registry.invalid/spire-agent" } },
        });
        await shortenTimeouts();
        const broken = await git.commit("Agents from nowhere");
        const message = await poll<string>(ALL_MS, "a failed health check", async () => {
            const agents = (await kustomizations()).get("cilium-spire-spire-agents");
            const { reason, message } = ready(agents);
            const isBroken = agents?.status?.lastAttemptedRevision?.endsWith(broken);
            if (isBroken && reason === "HealthCheckFailed") return { done: message };
            return { waitingFor: `${reason}: ${message}` };
        });
        assert.match(message, /timeout waiting for: \[DaemonSet\/spire-system\/spire-agent/);
        const entries = ready((await kustomizations()).get("cilium-spire-entries"));
        assert.equal(entries.reason, "DependencyNotReady");
        assert.ok(!(await entryIds()).includes(SHOP_ID));
        await demo.waitUntilConnected(10_000);
        await applied(await git.revert(), STAGES);
        await demo.waitUntilConnected(120_000);
    });

    test("leaves the cluster alone while the stack is suspended", async () => {
        await rendered({ gitops: { suspend: true } });
        await applied(await git.commit("Hands off"), ["cilium-spire"]);
        await rendered({ gitops: { suspend: true }, spire: { agent: { logLevel: "WARN" } } });
        await applied(await git.commit("A change that waits"), ["cilium-spire"]);
        assert.doesNotMatch(await dataOf("spire-agent"), /WARN/);
        await rendered({ spire: { agent: { logLevel: "WARN" } } });
        await applied(await git.commit("Hands on"), ["cilium-spire", ...STAGES]);
        assert.match(await dataOf("spire-agent"), /WARN/);
    });
});

/** Jobs that write entries, with the times at which they were made. */
async function jobs(): Promise<string[]> {
    const columns = "custom-columns=N:.metadata.name,T:.metadata.creationTimestamp";
    const text = await kubectl(`-n spire-system get jobs --no-headers -o ${columns}`);
    return text.trim().split("\n");
}

/** The example's first file, with our repository. @returns the path of a copy */
async function exampleOf(url: string): Promise<string> {
    const documents = parseAllDocuments(await readFile(join(EXAMPLE, "cilium-spire.yaml"), "utf8"));
    const objects = documents.map(
        (document) => document.toJS() as { kind: string; spec: Record<string, unknown> },
    );
    const [repository] = objects;
    assert.equal(repository!.kind, "GitRepository");
    Object.assign(repository!.spec, { url, interval: "2s" });
    const file = join(dir, "flux.yaml");
    await writeFile(file, objects.map((object) => stringify(object)).join("---\n"));
    return file;
}
