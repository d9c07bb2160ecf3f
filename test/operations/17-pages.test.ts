/**
 * The commands of the pages, each page in one shell, as their reader types them: from the README, which makes the stack `mine`, to
 * operations.md, which destroys it, and what needs no stack. What is not run: test/support/blocks.ts.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Cluster, type Entry, SpireServer } from "@cilium-spire/entries-provider";
import { enterPulumi } from "../../automation/stack";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { PAGES } from "../support/blocks";
import { makeCertificate } from "../support/certificate";
import { Reader } from "../support/reader";
import { secondSandbox } from "../support/sandbox";
import { deployService, SHOP } from "../support/shop";
import { home, kubectl, sandbox } from "../support/world";

/** Namespaces of pages: of policies, of the rights for Pulumi.prod.yaml, of the proof. */
const NAMESPACES = ["payments", "returns", "spire-agents", "spire-server", "team-a"];
const SERVER = {
    namespace: "spire-system",
    statefulSet: "spire-server",
    container: "spire-server",
};

let reader: Reader;

/** What a page finds when its reader comes to it. */
const WORLDS: Record<string, () => Promise<void>> = {
    "README.md": prepareCluster,
    "docs/own-cluster.md": openShop,
    "docs/registration.md": loseEntries,
    // "Delete these entries before the next `pulumi up`".
    "docs/operations.md": loseEntries,
};

before(async () => {
    await removeCluster(sandbox);
    await startCluster(sandbox);
    await enterPulumi(home);
    reader = await Reader.make();
});
after(async () => {
    await removeCluster(secondSandbox);
    await removeCluster(sandbox);
});

for (const page of PAGES) {
    test(`${page.file}: every block runs, and prints what it says`, async () => {
        await WORLDS[page.file]?.();
        await reader.follow(page);
    });
}

/** The certificate that Hubble shows, which is the owner's to bring. */
async function prepareCluster(): Promise<void> {
    const { caFile, certFile, keyFile } = await makeCertificate(
        home.dir,
        "DNS:*.default.hubble-grpc.cilium.io",
    );
    const files = [caFile, certFile, keyFile].map((file) => `--from-file=${file}`).join(" ");
    await kubectl(`-n kube-system create secret generic hubble-server-certs ${files}`);
}

async function openShop(): Promise<void> {
    for (const name of [SHOP.namespace, ...NAMESPACES]) await kubectl(`create namespace ${name}`);
    await deployService(sandbox);
    await kubectl(
        "-n team-a create secret docker-registry mirror --docker-username=a --docker-password=b",
    );
    await kubectl("label node precinct-99-worker2 eks.amazonaws.com/nodegroup=system");
}

/** All but cilium-operator's, of pods. */
async function loseEntries(): Promise<void> {
    const server = await SpireServer.find(new Cluster(), SERVER, 60_000);
    assert.ok(server, "there is no SPIRE server");
    const ofPod = ({ selectors }: Entry) => selectors.includes("cilium:mutual-auth");
    const lost = (await server.entries()).filter((entry) => !ofPod(entry));
    assert.deepEqual(await server.delete(lost.map(({ id }) => id)), []);
}
