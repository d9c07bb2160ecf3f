/** A cluster whose nodes have the images of several releases, and its stack, for tests that go from one to the next. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cluster } from "@cilium-spire/entries-provider";
import { record } from "../../automation/operationsRecord";
import { demoProgram, enterPulumi, openStack, stackOutputs } from "../../automation/stack";
import { examineUntilHealthy, isWrong } from "../../doctor/examination/examine";
import { proveOnStage } from "../../doctor/proof/onStage";
import { AGNHOST } from "../../doctor/proof/stage";
import { knownStack } from "../../doctor/site";
import { settingsOfFile } from "../../doctor/stackFile";
import { ensureChart } from "../../sandbox/build/binaries";
import { ensureImageStore, storeOf } from "../../sandbox/build/imageStore";
import { buildableVersions, type Versions } from "../../sandbox/build/versions";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { progress } from "../../sandbox/host/shell";
import type { Values } from "../../settings/cilium/values";
import { home, openPlatform, sandbox, type World } from "./world";
import { demoProof } from "./demo";
import { start } from "./pulumi";
import { Traffic } from "./traffic";

const FIRST_PACKET_MS = 120_000;
/** Pods that were replaced by an upgrade are Ready when it ends; what watches them looks every few seconds. */
const HEALTHY_S = 60;

/** What a stack runs; agents of the server's release unless said otherwise. */
export interface Releases extends Versions {
    spireAgent?: string;
}

/** Of each the three newest minor releases that the sandbox can build, oldest first. */
export const CILIUMS = buildableVersions("cilium").slice(-3);
export const SPIRES = buildableVersions("spire").slice(-3);

/** The configuration that a user changes for an upgrade; the chart comes from elsewhere in the sandbox. */
export async function releaseConfig({ cilium, spire, spireAgent }: Releases): Promise<Values> {
    const agent = spireAgent === undefined ? {} : { agent: { version: spireAgent } };
    return {
        "cilium-spire:cilium": { version: cilium, chart: await ensureChart(cilium) },
        "cilium-spire:spire": { version: spire, ...agent },
    };
}

/** A stack that goes from release to release, with requests all the while. */
export class Upgrades {
    private constructor(
        readonly world: World,
        private readonly traffic: Traffic,
        private running: Releases,
    ) {}

    /** A cluster with all images, made anew unless there is one, and a stack of these releases on it. */
    static async start(first: Releases): Promise<Upgrades> {
        const versions = CILIUMS.map((cilium, i) => ({ cilium, spire: SPIRES[i]! }));
        const used = await storeOf(sandbox).catch(() => undefined);
        if (used !== (await ensureImageStore(versions))) await removeCluster(sandbox);
        await startCluster(sandbox, { versions });
        await enterPulumi(home);
        const platform = await openPlatform(await releaseConfig(first));
        const outputs = stackOutputs((await platform.up()).outputs);
        const demoStack = await openStack(home, await demoProgram("dev"), "dev");
        await demoStack.up();
        const cluster = new Cluster();
        const world = { cluster, platform, outputs, demoStack, demo: demoProof(cluster, outputs) };
        await world.demo.waitUntilConnected(FIRST_PACKET_MS);
        return new Upgrades(world, await Traffic.start(cluster), first);
    }

    /** An `up` with other releases that must end with these words, before anything is changed. */
    async refuses(change: Partial<Releases>, words: string): Promise<void> {
        const config = await releaseConfig({ ...this.running, ...change });
        const { code, output } = await start(home, "up", config).ended;
        assert.equal(code, 1, output);
        assert.ok(output.includes(words), output);
    }

    /**
     * One `up` with other releases, after which all must be well, and pods with new identities must authenticate.
     *
     * @param anew every pair has to authenticate again every few seconds meanwhile, not only those that are new.
     */
    async up(operation: string, change: Partial<Releases>, anew = false): Promise<void> {
        this.running = { ...this.running, ...change };
        const platform = await openPlatform(await releaseConfig(this.running));
        this.world.platform = platform;
        const report = await this.traffic.during(
            () => platform.up(),
            anew ? this.world.demo : undefined,
        );
        record({
            operation: anew ? `${operation}, each pair new every 5 s` : operation,
            ...report,
        });
        await platform.preview({ expectNoChanges: true });
        await this.requireHealthy();
        await this.requireProof();
    }

    /** With pods of its own: `cilium-dbg bpf auth flush`, for the proof with pods that were there, hangs in Cilium 1.20. */
    private async requireProof(): Promise<void> {
        const { cluster, outputs } = this.world;
        const verdict = await proveOnStage(cluster, outputs, {
            ...{ image: AGNHOST, pullSecrets: [], onStep: progress },
            ...{ podsWaitMs: FIRST_PACKET_MS, waitMs: FIRST_PACKET_MS },
        });
        assert.ok("evidence" in verdict, JSON.stringify(verdict));
    }

    private async requireHealthy(): Promise<void> {
        const { workspace, name } = this.world.platform;
        const settings = settingsOfFile(join(workspace.workDir, `Pulumi.${name}.yaml`));
        const id = { project: "cilium-spire", stack: name };
        const stack = knownStack(settings, id);
        const { cluster } = this.world;
        const results = await examineUntilHealthy({ cluster, stack, wait: HEALTHY_S });
        assert.deepEqual(results.filter(isWrong), []);
    }

    /** Ends the requests; the cluster stays. */
    async stop(): Promise<void> {
        await this.traffic.stop();
    }
}
