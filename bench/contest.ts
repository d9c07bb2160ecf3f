/** This program against others, each on a cluster of its own that has nothing yet. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { enterPulumi, pulumiHome } from "../automation/stack";
import { ensureTestImageArchive } from "../sandbox/build/imageArchive";
import type { ImageSpec } from "../sandbox/build/images";
import { removeCluster, startCluster } from "../sandbox/cluster";
import { getNodes, kubectl } from "../sandbox/controlPlane/kubectl";
import { type Instance, node, nodeNamed } from "../sandbox/host/instance";
import { progress } from "../sandbox/host/shell";
import { addNode, killNode, loadImages, removeNode } from "../sandbox/nodes/nodes";
import { type Contestant, CONTESTANTS } from "./contestants";
import type { ContestFigures } from "./figures";
import type { Peers } from "./peers";

/** Of the node that joins; the cluster has three. */
const NEW_NODE = 4;
const READY_MS = 180_000;
const QUIET_MS = 60_000;
/** Of the kernel's clock that it counts processes' time by (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** As the kernel has their names: 15 characters. */
const PARTS = ["spire-server", "spire-agent", "spire-controlle"];

/** @param target of the benchmark alone: its cluster is made anew for each. */
export async function measureContest(target: Instance): Promise<ContestFigures[]> {
    const figures: ContestFigures[] = [];
    try {
        for (const contestant of CONTESTANTS) {
            progress(`${contestant.who}, on an empty cluster`);
            await removeCluster(target);
            await startCluster(target);
            await enterPulumi(pulumiHome(target));
            if (contestant.images.length > 0) await bringImages(target, contestant.images);
            figures.push(await measure(target, contestant));
        }
    } finally {
        await removeCluster(target);
    }
    return figures;
}

async function measure(target: Instance, contestant: Contestant): Promise<ContestFigures> {
    const { who, namespace, install, ups } = contestant;
    const peers = () => contestant.peers(target);
    const start = Date.now();
    await install(target);
    const installed = secondsSince(start);
    const first = await secondsToMeet(peers(), start);
    progress(`${who}, when all is quiet`);
    const before = await processes(target);
    await setTimeout(QUIET_MS);
    const after = await processes(target);
    progress(`${who}, without its server`);
    const lost = Date.now();
    const gone = ["delete", "pod", "spire-server-0", "--grace-period=0", "--force"];
    await kubectl(target, ["-n", namespace, ...gone]);
    const heal = await secondsToMeet(peers(), lost);
    progress(`${who}, with a new node`);
    const joinByUp = ups && (await secondsToJoin(target, peers(), ups.forNewNode));
    await ups?.last(target);
    return {
        ...{ who, installed, first, heal, join: await secondsToJoin(target, peers()) },
        ...(joinByUp !== undefined && { joinByUp }),
        memoryBytes: after.memoryBytes,
        cpuShare: (after.cpuSeconds - before.cpuSeconds) / (QUIET_MS / 1000),
    };
}

async function secondsToMeet(peers: Peers, start: number): Promise<number> {
    try {
        await peers.meet();
        return secondsSince(start);
    } finally {
        await peers.remove();
    }
}

/**
 * Adds a node, moves a client to it as soon as it is Ready, and removes both.
 *
 * @param help what is done beside it from that moment on.
 */
async function secondsToJoin(
    target: Instance,
    peers: Peers,
    help: (target: Instance) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
    const joined = node(target, NEW_NODE);
    try {
        await peers.meet();
        await addNode(target, joined);
        const ready = ["--for=condition=Ready", `--timeout=${READY_MS / 1000}s`];
        const options = { timeoutMs: READY_MS };
        await kubectl(target, ["wait", ...ready, `node/${joined.name}`], options);
        const start = Date.now();
        const met = async () => {
            await peers.meetFrom(joined.name);
            return secondsSince(start);
        };
        const [seconds] = await Promise.all([met(), help(target)]);
        return seconds;
    } finally {
        await peers.remove();
        await removeNode(target, joined);
    }
}

/**
 * Brings images to all nodes, and to the disk of the one that joins later, which goes again at once: there is nothing yet that could
 * start on it.
 */
async function bringImages(target: Instance, images: readonly ImageSpec[]): Promise<void> {
    const archive = await ensureTestImageArchive(images);
    const later = node(target, NEW_NODE);
    await addNode(target, later);
    const names = (await getNodes(target)).map(({ metadata }) => metadata.name);
    await Promise.all(names.map((name) => loadImages(nodeNamed(target, name), archive)));
    await killNode(later);
    await kubectl(target, ["delete", "node", later.name]);
}

/** Of SPIRE's parts on the cluster's nodes: resident memory, and the time on a processor since they started. */
async function processes(target: Instance): Promise<{ memoryBytes: number; cpuSeconds: number }> {
    const total = { memoryBytes: 0, cpuSeconds: 0 };
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
        const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
        if (!PARTS.includes((await read("comm")).trim())) continue;
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

function secondsSince(start: number): number {
    return (Date.now() - start) / 1000;
}
