/** `make bench`: the figures of the README, measured in one run on a sandbox that is up. */
import { cpus } from "node:os";
import { Cluster, SpireServer } from "@cilium-spire/entries-provider";
import { startCluster } from "../sandbox/cluster";
import { instance } from "../sandbox/host/instance";
import {
    enterPulumi,
    openStack,
    platformProgram,
    pulumiHome,
    stackOutputs,
} from "../automation/stack";
import { deliverySeconds } from "./delivery";
import { registerByExec, registerByPlan } from "./register";

const AGENTS = [3, 100, 1000];
/** Beyond what the guides' way is compared at: only that ours grows no faster than the cluster. */
const MANY_AGENTS = 5000;
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

    console.log(
        `measured on ${cpus().length} cores, sandbox of 3 nodes, SPIRE ${outputs.spireVersion}`,
    );
    for (const count of AGENTS) {
        const sample = Math.min(2 * count, EXEC_SAMPLE);
        const ours = await registerByPlan(server, outputs, count);
        const theirs = await registerByExec(server, outputs, count, sample);
        const how = sample < 2 * count ? `extrapolated from ${sample} execs` : "measured";
        console.log(
            `entries-${count}: ${ours.seconds.toFixed(2)} s for ${ours.entries} entries; one exec per entry ${theirs.toFixed(1)} s for ${2 * count} (${how})`,
        );
        console.log(`entries-${count}-ratio: ${(theirs / ours.seconds).toFixed(1)}`);
        report(count, ours);
    }
    const many = await registerByPlan(server, outputs, MANY_AGENTS);
    console.log(`entries-${MANY_AGENTS}: ${many.seconds.toFixed(2)} s for ${many.entries} entries`);
    report(MANY_AGENTS, many);

    const deliveries: number[] = [];
    for (let i = 0; i < DELIVERIES; i++) {
        deliveries.push(await deliverySeconds(cluster, server, outputs, i));
    }
    deliveries.sort((a, b) => a - b);
    const median = deliveries[Math.floor(DELIVERIES / 2)]!;
    console.log(
        `entry-to-delegate-seconds: median ${median.toFixed(1)}, worst ${deliveries.at(-1)!.toFixed(1)} ` +
            `(SPIRE's floor: up to 5 s until the server reloads its cache and up to 5 s until the agent syncs)`,
    );
}

function report(
    count: number,
    { stateBytes, memoryBytes, seconds }: Awaited<ReturnType<typeof registerByPlan>>,
) {
    const perAgent = (bytes: number) => `${(bytes / count / 1024).toFixed(1)} KiB`;
    console.log(
        `  per agent: ${((seconds / count) * 1000).toFixed(1)} ms, state ${perAgent(stateBytes)} per copy, memory ${perAgent(memoryBytes)}`,
    );
}

main().then(
    () => process.exit(0),
    (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exit(1);
    },
);
