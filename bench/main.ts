/** `make bench`: the figures of docs/performance.md and the README, measured in one run on a sandbox that is up. */
import { cpus, totalmem } from "node:os";
import { Cluster, SpireServer } from "@cilium-spire/entries-provider";
import {
    enterPulumi,
    openStack,
    platformProgram,
    pulumiHome,
    stackOutputs,
} from "../automation/stack";
import type { StackOutputs } from "../outputs";
import { wantedVersions } from "../sandbox/build/versions";
import { startCluster } from "../sandbox/cluster";
import { instance } from "../sandbox/host/instance";
import { progress } from "../sandbox/host/shell";
import { measureContest } from "./contest";
import { deliverySeconds } from "./delivery";
import {
    type DeliveryFigures,
    median,
    PERFORMANCE,
    type RegistrationFigures,
    writePerformance,
} from "./figures";
import { measurePackets } from "./packets";
import { Pair } from "./pair";
import { measureQuiet } from "./quiet";
import { registerByExec, registerByPlan } from "./registration";
import { measureRequests } from "./requests";

const AGENTS = [3, 30, 300, 3000];
/** Up to where the guides' way is tried; beyond, it only takes longer. */
const MOST_BY_EXEC = 300;
const EXEC_SAMPLE = 60;
const DELIVERIES = 5;

async function main(): Promise<void> {
    const target = instance();
    const home = pulumiHome(target);
    await startCluster(target);
    await enterPulumi(home);
    const stack = await openStack(home, await platformProgram(), "dev");
    const outputs = stackOutputs((await stack.up()).outputs);
    const cluster = new Cluster();
    const server = await SpireServer.find(cluster, outputs.spireServer, 60_000);
    if (!server) throw new Error("the stack dev has no SPIRE server");

    const registration: RegistrationFigures[] = [];
    for (const count of AGENTS) {
        progress(`registering ${count} agents`);
        registration.push(await register(server, outputs, count));
    }
    progress(`waiting for ${DELIVERIES} identities at Cilium's agent`);
    const delivery = await deliver(cluster, server, outputs);
    progress("sending requests between two nodes");
    const { requests, packets, first } = await Pair.during(
        target,
        cluster,
        outputs,
        async (pair) => ({
            ...(await measurePackets(target, outputs, pair)),
            requests: await measureRequests(pair, server, outputs.trustDomain),
        }),
    );
    progress("previewing and bringing up what is up");
    const quiet = await measureQuiet(stack);
    const contest = await measureContest(instance(process.env.CILIUM_SPIRE_BENCH_SANDBOX ?? 1));
    const machine = machineOf(outputs);
    const seen = { registration, delivery, packets, requests, first, quiet, contest };
    writePerformance({ machine, ...seen });
    console.log(`measured on ${machine}: ${PERFORMANCE}`);
}

async function register(
    server: SpireServer,
    outputs: StackOutputs,
    agents: number,
): Promise<RegistrationFigures> {
    const { seconds, stateBytes, memoryBytes } = await registerByPlan(server, outputs, agents);
    const ours = { agents, seconds, stateBytes, memoryBytes };
    if (agents > MOST_BY_EXEC) return ours;
    const execSample = Math.min(2 * agents, EXEC_SAMPLE);
    const execSeconds = await registerByExec(server, outputs, agents, execSample);
    return { ...ours, execSeconds, execSample };
}

async function deliver(
    cluster: Cluster,
    server: SpireServer,
    outputs: StackOutputs,
): Promise<DeliveryFigures> {
    const seconds: number[] = [];
    for (let i = 0; i < DELIVERIES; i++) {
        seconds.push(await deliverySeconds(cluster, server, outputs, i));
    }
    return { median: median(seconds), worst: Math.max(...seconds), samples: DELIVERIES };
}

function machineOf({ spireVersion }: StackOutputs): string {
    const { cilium } = wantedVersions();
    const memory = Math.round(totalmem() / 1024 ** 3);
    return `${cpus().length} cores with ${memory} GiB, a sandbox of three nodes, Cilium ${cilium}, SPIRE ${spireVersion}, sqlite`;
}

main().then(
    () => process.exit(0),
    (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exit(1);
    },
);
