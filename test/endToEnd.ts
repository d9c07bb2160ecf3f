/**
 * The end-to-end tests: two lanes of files side by side. A lane has clusters of its own, which its files share, in the order of
 * their names; they wait more than they compute, so two lanes on two cores take two thirds of the time of one.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { ensureBinary } from "../sandbox/build/binaries";
import { ensureRoot } from "../sandbox/build/debian";
import { ensureKubernetesProgram } from "../sandbox/build/kubernetesRelease";
import { KUBERNETES_VERSION } from "../sandbox/build/versions";
import { buildAll, removeCluster } from "../sandbox/cluster";
import { instance } from "../sandbox/host/instance";
import type { Tally } from "./support/reporter";

interface Lane {
    /** Numbers of its sandboxes: of the cluster that its files share, and of the second one that a few need. */
    sandboxes: [string, string];
    /** The names of its files. */
    files: RegExp;
}

/** About as long as each other. The files of the first from 60 on make their cluster anew, so it does not matter what was there. */
const LANES: Lane[] = [
    { sandboxes: ["9", "8"], files: /^([12]|3[0-7]|[67]0)/ },
    { sandboxes: ["7", "6"], files: /^(3[89]|[45]|65)/ },
];

/** Of the tests of `make operations`, those for which CI has the time. */
const OPERATIONS = ["12-acceptance", "13-doctor"];

/**
 * How many files that failed are run a second time, alone and on clusters made anew, and until how long after the start: on a busy
 * machine one moment in an hour comes late. What failed is printed at the end as well; what fails for a reason fails again.
 */
const SECOND_RUNS = 3;
const SECOND_RUNS_UNTIL_MS = 75 * 60_000;

/**
 * Programs that single files ask for, in the order of these files. They are built while the first files run: in a file, the minutes
 * that one takes would be the lane's and count against the file's deadline.
 */
export const ASKED_FOR_LATER = ["cilium", "stolen-agent", "svid-tls", "source-controller"];

/** How one file ended. */
interface Ended {
    path: string;
    lane: Lane;
    tally: Tally;
    seconds: number;
}

export async function endToEnd(): Promise<Tally> {
    await buildAll();
    const [lanes] = await Promise.all([Promise.all(LANES.map(runLane)), buildLater()]);
    const ended = lanes.flat();
    const unsteady = ended.filter(({ tally }) => tally.failed > 0);
    const again: Ended[] = [];
    for (const { lane, path } of unsteady.length > SECOND_RUNS ? [] : unsteady) {
        if (process.uptime() * 1000 > SECOND_RUNS_UNTIL_MS) break;
        again.push(await runFile(lane, path));
        await removeClusters(lane);
    }
    for (const { path, tally, seconds } of [...ended, ...again]) {
        const first = tally.firstFailed === undefined ? "" : `, first "${tally.firstFailed}"`;
        const { passed, failed } = tally;
        console.log(
            `  ${nameOf(path)}: ${passed} passed, ${failed} failed in ${seconds} s${first}`,
        );
    }
    const last = new Map([...ended, ...again].map(({ path, tally }) => [path, tally]));
    const total: Tally = { passed: 0, failed: 0 };
    for (const { passed, failed } of last.values()) {
        total.passed += passed;
        total.failed += failed;
    }
    return total;
}

/** One Go build at a time. What goes wrong here the file will tell that needs it: it tries again. */
async function buildLater(): Promise<void> {
    const builds = ASKED_FOR_LATER.map((name) => ensureBinary(name));
    await Promise.allSettled([...builds, ensureRoot("network-client")]);
    await ensureKubernetesProgram(KUBERNETES_VERSION, "kube-proxy").catch(() => undefined);
}

/** @throws Error when a file belongs to no lane, or to two. */
function filesOf(lane: Lane): string[] {
    const patterns = ["e2e/*", ...OPERATIONS.map((name) => `operations/${name}`)];
    const paths = patterns.flatMap((pattern) => globSync(join(__dirname, `${pattern}.test.js`)));
    const lost = paths.find(
        (path) => LANES.filter(({ files }) => files.test(nameOf(path))).length !== 1,
    );
    if (lost !== undefined) throw new Error(`${nameOf(lost)} is not in one lane of endToEnd.ts`);
    return paths
        .filter((path) => lane.files.test(nameOf(path)))
        .sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

async function runLane(lane: Lane): Promise<Ended[]> {
    const ended: Ended[] = [];
    await removeClusters(lane);
    try {
        for (const path of filesOf(lane)) {
            const end = await runFile(lane, path);
            ended.push(end);
            // What it left broken is not the fault of the next.
            if (end.tally.failed > 0) await removeClusters(lane);
        }
    } finally {
        await removeClusters(lane);
    }
    return ended;
}

/** Runs one file in a process of its own, with its name before each line that it prints. */
async function runFile(lane: Lane, path: string): Promise<Ended> {
    const start = Date.now();
    const [first, second] = lane.sandboxes;
    const child = execa(process.execPath, [join(__dirname, "support", "oneFile.js"), path], {
        env: { CILIUM_SPIRE_TEST_SANDBOX: first, CILIUM_SPIRE_SECOND_TEST_SANDBOX: second },
        ...{ ipc: true, buffer: false, all: true, reject: false },
    });
    const message = child.getOneMessage().catch(() => undefined) as Promise<Tally | undefined>;
    for await (const line of child.iterable({ from: "all" }))
        console.log(`${nameOf(path)}: ${line}`);
    const tally = (await message) ?? { passed: 0, failed: 1, firstFailed: "the file itself" };
    await child;
    return { path, lane, tally, seconds: Math.round((Date.now() - start) / 1000) };
}

async function removeClusters({ sandboxes }: Lane): Promise<void> {
    await Promise.all(sandboxes.map((number) => removeCluster(instance(number))));
}

function nameOf(path: string): string {
    return basename(path, ".test.js");
}
