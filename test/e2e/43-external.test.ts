/**
 * The whole program with a SPIRE that someone else runs: pods are authenticated, and the SPIRE is as it was after all.
 *
 * Cilium is Helm's here: it is there before SPIRE, which needs a network, and stays when the stack is destroyed.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Cluster, type Entry, SpireServer } from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import { helm, releaseValuesOf, uninstall } from "../../automation/helm";
import {
    demoProgram,
    enterPulumi,
    openStack,
    platformProgram,
    stackOutputs,
} from "../../automation/stack";
import { examineUntilHealthy, isWrong } from "../../doctor/examination/examine";
import { knownStack } from "../../doctor/site";
import { takeBackup } from "../../backup/take";
import { spirePlace } from "../../components/spire/place";
import { wantedVersions } from "../../sandbox/build/versions";
import { startCluster } from "../../sandbox/cluster";
import type { Values } from "../../settings/cilium/values";
import { decodeSettings } from "../../settings/decode";
import type { Settings } from "../../settings/schema";
import { startCli } from "../support/cli";
import { demoProof } from "../support/demo";
import { contentOf, type ExternalSpire, install, remove } from "../support/externalSpire";
import { HAND_MADE } from "../support/handMadeSpire";
import { HARDENED } from "../support/hardenedSpire";
import { devConfig } from "../../automation/devConfig";
import { ciliumRolledOut, home, kubectl, sandbox } from "../support/world";

const STACK = "external";

let dev: Record<string, Values>;

/** The stack, with a SPIRE that is there. */
async function open(spire: object): Promise<Stack> {
    const { version } = dev["cilium-spire:cilium"]!;
    const overrides = {
        "cilium-spire:trustDomain": "demo.local",
        "cilium-spire:clusterName": "precinct-99",
        "cilium-spire:protect": false,
        // The proof of the demo looks at more; the doctor is asked below.
        "cilium-spire:verify": false,
        "cilium-spire:spire": { version: wantedVersions().spire, ...spire },
        "cilium-spire:cilium": { mode: "adopt", version },
    } as unknown as Values;
    return await openStack(home, { ...(await platformProgram()), overrides }, STACK);
}

function settingsOf({ settings }: ExternalSpire): Settings {
    const { version } = dev["cilium-spire:cilium"]!;
    return decodeSettings({
        ...{ trustDomain: "demo.local", clusterName: "precinct-99" },
        spire: { version: wantedVersions().spire, ...settings },
        cilium: { mode: "adopt", version },
    });
}

async function serverOf(external: ExternalSpire): Promise<SpireServer> {
    const { server: place } = spirePlace(settingsOf(external).spire);
    const server = await SpireServer.find(new Cluster(), place, 120_000);
    assert.ok(server, "the StatefulSet of the SPIRE server is gone");
    return server;
}

async function entriesOf(spire: ExternalSpire): Promise<Entry[]> {
    const entries = await (await serverOf(spire)).entries();
    return entries.sort((a, b) => (a.id < b.id ? -1 : 1));
}

before(async () => {
    await startCluster(sandbox);
    await enterPulumi(home);
    dev = await devConfig();
    await helm("install", releaseValuesOf(dev["cilium-spire:cilium"]!));
    await ciliumRolledOut();
});
after(async () => {
    await uninstall();
});

describe("a SPIRE made by hand", () => {
    const spire: ExternalSpire = HAND_MADE;
    let content: unknown;
    let entries: Entry[];
    let platform: Stack;
    let demoStack: Stack;

    before(async () => {
        await install(spire);
        // Somebody's workload, which is none of ours.
        await (
            await serverOf(spire)
        ).create([
            {
                id: "theirs",
                spiffeId: "spiffe://demo.local/ns/shop/sa/shop",
                parentId: "spiffe://demo.local/nodes",
                selectors: ["k8s:ns:shop", "k8s:sa:shop"],
            },
        ]);
        content = await contentOf(spire);
        entries = await entriesOf(spire);
    });
    after(() => remove(spire));

    test("is refused as something that it is not, and nothing is changed", async () => {
        const other = { ...spire.settings, agent: { namespace: "default" } };
        const stack = await open(other);
        const { code, output } = await (await startCli(stack, "up", "--skip-preview")).ended;
        assert.notEqual(code, 0, output);
        assert.match(
            output,
            /spire\.agent\.namespace = "default": has no DaemonSet "spire-agent"; one that looks like it is DaemonSet spire-system\/spire-agent/,
        );
        assert.deepEqual(await contentOf(spire), content);
        assert.deepEqual(await entriesOf(spire), entries);
    });

    test("authenticates pods after one up", async () => {
        platform = await open(spire.settings);
        const outputs = stackOutputs((await platform.up()).outputs);
        await platform.preview({ expectNoChanges: true });
        demoStack = await openStack(home, await demoProgram(STACK), STACK);
        await demoStack.up();
        await demoProof(new Cluster(), outputs).prove(120_000);
        assert.deepEqual(await contentOf(spire), content);
    });

    test("is well in the eyes of the doctor", async () => {
        const cluster = new Cluster();
        const stack = knownStack(settingsOf(spire), { project: "cilium-spire", stack: STACK });
        for (const of of [{ cluster, stack }, { cluster }]) {
            const results = await examineUntilHealthy({ ...of, wait: 60 });
            const wrong = results.filter(isWrong);
            assert.deepEqual(wrong, []);
        }
    });

    test("is backed up without its configuration, which may hold a password", async () => {
        const { server: spireServer } = spirePlace(settingsOf(spire).spire);
        const of = { trustDomain: "demo.local", clusterName: "precinct-99", foreign: true };
        const source = { cluster: new Cluster(), spireServer, ...of };
        const kept = await takeBackup(source, () => undefined);
        assert.ok(kept.entries.length > entries.length);
        assert.equal(kept.serverConf, undefined);
    });

    test("is as it was when the stack is destroyed", async () => {
        await demoStack.destroy();
        await platform.destroy();
        await ciliumRolledOut();
        assert.deepEqual(await contentOf(spire), content);
        assert.deepEqual(await entriesOf(spire), entries);
        const pods = await kubectl(
            "-n kube-system get pods -l k8s-app=cilium -o jsonpath={.items[*].spec}",
        );
        assert.doesNotMatch(pods, /spire/);
    });
});

describe("a SPIRE of helm-charts-hardened", () => {
    const spire: ExternalSpire = HARDENED;
    let content: unknown;

    before(async () => {
        await install(spire);
        content = await contentOf(spire);
    });
    after(() => remove(spire));

    test("authenticates pods after one up, with the defaults of mode external", async () => {
        const platform = await open(spire.settings);
        const outputs = stackOutputs((await platform.up()).outputs);
        await platform.preview({ expectNoChanges: true });
        const demoStack = await openStack(home, await demoProgram(STACK), STACK);
        await demoStack.up();
        await demoProof(new Cluster(), outputs).prove(120_000);
        assert.deepEqual(await contentOf(spire), content);
        await demoStack.destroy();
        await platform.destroy();
        assert.deepEqual(await contentOf(spire), content);
        assert.deepEqual(await entriesOf(spire), []);
    });
});
