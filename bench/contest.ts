/** This program against the SPIRE that Cilium's chart installs, each on a cluster of its own that has nothing yet. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Cluster } from "@cilium-spire/entries-provider";
import { parse } from "yaml";
import {
    BUNDLED_NAMESPACE,
    BUNDLED_TRUST_DOMAIN,
    bundledRolledOut,
    loadInitImage,
    withBundledSpire,
} from "../automation/bundledSpire";
import { helm, releaseValuesOf } from "../automation/helm";
import { enterPulumi, openStack, platformProgram, pulumiHome } from "../automation/stack";
import { Proof } from "../doctor/proof/proof";
import { AGNHOST, Stage } from "../doctor/proof/stage";
import { removeCluster, startCluster } from "../sandbox/cluster";
import { kubectl } from "../sandbox/controlPlane/kubectl";
import type { Instance } from "../sandbox/host/instance";
import { repositoryRoot } from "../sandbox/host/paths";
import { progress } from "../sandbox/host/shell";
import type { Values } from "../settings/cilium/values";
import type { ContestFigures } from "./figures";

const PODS_MS = 300_000;
const CONNECTED_MS = 300_000;
const QUIET_MS = 60_000;
/** Of the kernel's clock that it counts processes' time by (USER_HZ). */
const TICKS_PER_SECOND = 100;

interface Contestant {
    who: string;
    trustDomain: string;
    /** Of its SPIRE server. */
    namespace: string;
    /** What its user does once, before the cluster is there. */
    prepare: (target: Instance) => Promise<void>;
    /** From a cluster without a network to one that authenticates. */
    install: (target: Instance) => Promise<void>;
}

const CONTESTANTS: Contestant[] = [
    {
        ...{ who: "this program", trustDomain: "demo.local", namespace: "spire-system" },
        prepare: () => Promise.resolve(),
        install: async (target) => {
            const stack = await openStack(pulumiHome(target), await platformProgram(), "dev");
            await stack.up();
        },
    },
    {
        ...{ who: "Cilium's bundled SPIRE", trustDomain: BUNDLED_TRUST_DOMAIN },
        namespace: BUNDLED_NAMESPACE,
        prepare: loadInitImage,
        install: async (target) => {
            await helm("install", await releaseValues());
            await bundledRolledOut(target);
        },
    },
];

/** @param target of the benchmark alone: its cluster is made anew for each. */
export async function measureContest(target: Instance): Promise<ContestFigures[]> {
    const figures: ContestFigures[] = [];
    try {
        for (const contestant of CONTESTANTS) {
            progress(`${contestant.who}, on an empty cluster`);
            await removeCluster(target);
            await startCluster(target);
            await enterPulumi(pulumiHome(target));
            await contestant.prepare(target);
            figures.push(await measure(target, contestant));
        }
    } finally {
        await removeCluster(target);
    }
    return figures;
}

async function measure(target: Instance, contestant: Contestant): Promise<ContestFigures> {
    const { who, trustDomain, namespace } = contestant;
    const start = Date.now();
    await contestant.install(target);
    const installed = secondsSince(start);
    await firstPacket(trustDomain);
    const first = secondsSince(start);
    const before = await processes(target);
    await setTimeout(QUIET_MS);
    const after = await processes(target);
    const lost = Date.now();
    const gone = ["delete", "pod", "spire-server-0", "--grace-period=0", "--force"];
    await kubectl(target, ["-n", namespace, ...gone]);
    await firstPacket(trustDomain);
    return {
        ...{ who, installed, first, heal: secondsSince(lost) },
        memoryBytes: after.memoryBytes,
        cpuShare: (after.cpuSeconds - before.cpuSeconds) / (QUIET_MS / 1000),
    };
}

/** Waits until pods that have just been made are authenticated, on one node and across two. */
async function firstPacket(trustDomain: string): Promise<void> {
    const cluster = new Cluster();
    const stage = new Stage(cluster, { image: AGNHOST, pullSecrets: [] });
    try {
        const scene = await stage.setUp(PODS_MS);
        await new Proof(cluster, { trustDomain }, scene).waitUntilConnected(CONNECTED_MS);
    } finally {
        await stage.remove();
    }
}

/** Of SPIRE's server and agents on the cluster's nodes: resident memory, and the time on a processor since they started. */
async function processes(target: Instance): Promise<{ memoryBytes: number; cpuSeconds: number }> {
    const total = { memoryBytes: 0, cpuSeconds: 0 };
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
        const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
        const name = (await read("comm")).trim();
        if (name !== "spire-server" && name !== "spire-agent") continue;
        if (!(await read("cgroup")).includes(`/${target.cgroup}/`)) continue;
        const resident = /^VmRSS:\s+(\d+) kB$/m.exec(await read("status"))?.[1];
        // After the name, which may have blanks: state is the third field, the two times are the 14th and the 15th (proc(5)).
        const stat = (await read("stat")).split(") ").at(-1)!.split(" ");
        total.memoryBytes += Number(resident ?? 0) * 1024;
        total.cpuSeconds += (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND;
    }
    if (total.memoryBytes === 0) throw new Error("no process of SPIRE runs");
    return total;
}

async function releaseValues(): Promise<Values> {
    const text = await readFile(join(repositoryRoot, "Pulumi.dev.yaml"), "utf8");
    const { config } = parse(text) as { config: Record<string, Values> };
    const values = releaseValuesOf(config["cilium-spire:cilium"]!);
    return { ...values, authentication: withBundledSpire() };
}

function secondsSince(start: number): number {
    return (Date.now() - start) / 1000;
}
