/** A cluster whose Cilium and SPIRE others made, and requests between its pods before, while and after this program takes over. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { Cluster, poll } from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import { helm, releaseValuesOf, uninstall } from "../../automation/helm";
import { record } from "../../automation/operationsRecord";
import { demoProgram, enterPulumi, openStack, platformProgram } from "../../automation/stack";
import { examineUntilHealthy, isWrong } from "../../doctor/examination/examine";
import { requireCilium } from "../../doctor/ciliumRequirements";
import { knownStack } from "../../doctor/site";
import { wantedVersions } from "../../sandbox/build/versions";
import { startCluster } from "../../sandbox/cluster";
import type { Values } from "../../settings/cilium/values";
import { decodeSettings } from "../../settings/decode";
import { NewPairs } from "./newPairs";
import { devConfig } from "../../automation/devConfig";
import { type OperationReport, Traffic, type TrafficReport } from "./traffic";
import { ciliumRolledOut, home, kubectl, openPlatform, sandbox } from "./world";

const STACK = "takeover";
const ID = { project: "cilium-spire", stack: STACK };
const CLUSTER_NAME = "precinct-99";
const QUIET_MS = 20_000;
const LOOK_MS = 5_000;
const PATIENCE_MS = 240_000;
/** No policy asks its pods for anything, and the demo's server does not run there. */
const NODE_OF_NEW_PAIRS = "precinct-99-control-plane";

/** What became of requests: of pairs that Cilium may know, and of pairs that it has just forgotten. */
export interface Seen {
    known: OperationReport;
    anew: TrafficReport;
}

/**
 * Puts up a cluster with nothing but a Cilium of Helm's.
 *
 * @param ahead what is done on the empty cluster.
 * @returns the values of its release.
 */
export async function startHelmsCilium(
    authentication: Values,
    ahead: () => Promise<void> = async () => {},
): Promise<Values> {
    await startCluster(sandbox);
    await enterPulumi(home);
    await (await openStack(home, await demoProgram("dev"), "dev")).destroy();
    await (await openPlatform()).destroy();
    const { "cilium-spire:cilium": cilium } = await devConfig();
    const values = { ...releaseValuesOf(cilium!), authentication };
    await ahead();
    await helm("install", values);
    await ciliumRolledOut();
    return values;
}

export class Takeover {
    private platform?: Stack;
    private settings: Values = {};

    private constructor(
        private readonly demoStack: Stack,
        private readonly traffic: Traffic,
        private readonly newPairs: NewPairs,
    ) {}

    /** Starts pods whose policies require authentication, and requests between them. The Cilium that is there knows of SPIRE. */
    static async start(trustDomain: string): Promise<Takeover> {
        // All that the demo asks of a platform, before this program has one.
        const run = () => Promise.resolve({ trustDomain });
        const overrides = configOf({ trustDomain, clusterName: CLUSTER_NAME });
        await (await openStack(home, { ...(await platformProgram()), run, overrides }, STACK)).up();
        const demoStack = await openStack(home, await demoProgram(STACK), STACK);
        await demoStack.up();
        const cluster = new Cluster();
        const newPairs = await NewPairs.start(cluster, NODE_OF_NEW_PAIRS);
        return new Takeover(demoStack, await Traffic.start(cluster), newPairs);
    }

    /** What becomes of requests while nothing is done. */
    async quiet(): Promise<Seen> {
        return await this.during(() => setTimeout(QUIET_MS));
    }

    /** Waits until every pair is answered. @throws Error when that takes too long. */
    async untilAnswered(): Promise<void> {
        await poll(PATIENCE_MS, "answers to all requests", async () => {
            const { known, anew } = await this.during(() => setTimeout(LOOK_MS));
            const left = known.sent + anew.sent - known.answered - anew.answered;
            return left > 0 ? { waitingFor: `${left} requests` } : { done: true };
        });
    }

    async during(action: () => Promise<unknown>): Promise<Seen> {
        const from = Date.now();
        let to = from;
        const known = await this.traffic.during(async () => {
            await action();
            to = Date.now();
        });
        return { known, anew: this.newPairs.report(from, to) };
    }

    /** An `up` of the whole program over the stack file `dev`, which adopts the Cilium, with requests meanwhile. */
    async up(operation: string, settings: Values): Promise<Seen> {
        return await this.recorded(operation, () => this.apply(settings));
    }

    /** As {@link up}, for a part of an operation. */
    async apply(settings: Values): Promise<void> {
        await (await this.open(settings)).up();
    }

    /** What an `up` asks of the Cilium that is there. @throws Error that says what is wrong; nothing is done. */
    async require(settings: Values): Promise<void> {
        await requireCilium(new Cluster(), decodeSettings(await wanted(settings)), ID);
    }

    private async open(settings: Values): Promise<Stack> {
        this.settings = await wanted(settings);
        const overrides = configOf(this.settings);
        this.platform = await openStack(home, { ...(await platformProgram()), overrides }, STACK);
        return this.platform;
    }

    /** Does something, and keeps what became of requests meanwhile. */
    async recorded(operation: string, action: () => Promise<unknown>): Promise<Seen> {
        const seen = await this.during(action);
        record({ operation, ...seen.known });
        const { seconds } = seen.known;
        record({
            operation: `${operation}: pairs that Cilium does not know`,
            ...seen.anew,
            seconds,
        });
        return seen;
    }

    /** A preview has nothing to say, the doctor finds nothing wrong, and every request is answered. */
    async requireWell(): Promise<void> {
        await this.platform!.preview({ expectNoChanges: true });
        const stack = knownStack(decodeSettings(this.settings), ID);
        const results = await examineUntilHealthy({ cluster: new Cluster(), stack, wait: 60 });
        assert.deepEqual(results.filter(isWrong), []);
        requireAnswered(await this.quiet());
    }

    /** Takes the stack away, with which Cilium has again what Helm gave it. */
    async destroy(): Promise<void> {
        await this.platform?.destroy();
        await ciliumRolledOut();
    }

    async stop(): Promise<void> {
        await Promise.all([this.traffic.stop(), this.newPairs.stop()]);
        await this.demoStack.destroy();
        await this.destroy();
        await uninstall();
        // Cilium's operator makes them, and Helm's uninstall leaves them.
        await kubectl("delete ciliumidentities --all --ignore-not-found");
    }
}

/** Of the whole program, which adopts the Cilium that runs. */
async function wanted(settings: Values): Promise<Values> {
    const { version } = (await devConfig())["cilium-spire:cilium"]!;
    return {
        ...{ clusterName: CLUSTER_NAME, protect: false, verify: false },
        ...{ cilium: { mode: "adopt", version }, ...settings },
        spire: { version: wantedVersions().spire, ...(settings.spire as Values) },
    };
}

/** Settings as a stack file has them. */
function configOf(settings: Values): Values {
    return Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [`cilium-spire:${key}`, value]),
    );
}

/** Nobody waits for longer than TCP does after Cilium has dropped the packet for which it authenticates the pair. */
export function requireAnswered({ known, anew }: Seen): void {
    for (const { sent, answered, refused, longestGapSeconds } of [known, anew]) {
        assert.equal(
            answered,
            sent,
            `${sent - answered} of ${sent} unanswered, ${refused} refused`,
        );
        assert.ok(longestGapSeconds < 5, `${longestGapSeconds} s`);
    }
}

/** Nobody is let pass, and those of whom nothing is asked are. */
export function requireBlocked({ known, anew }: Seen): void {
    assert.deepEqual([known.answered, anew.answered], [0, 0]);
    assert.deepEqual([known.lost, anew.lost], [known.sent, anew.sent]);
    assert.ok(known.plainGapSeconds < 5, `${known.plainGapSeconds} s`);
}
