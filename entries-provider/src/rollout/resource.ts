/** Waiting for what DaemonSets roll out, as a dynamic resource: nodes that are not there hold up nobody. */
import { isDeepStrictEqual } from "node:util";
import { Cluster } from "../kube/cluster";
import { daemonSetName, type DaemonSetRef, listedNodes, pauseFor } from "../kube/daemonSets";
import type { ClusterChoice } from "../kube/kubeConfig";
import { type Attempt, poll } from "../kube/poll";
import { type LateNode, type Progress, progressOf } from "./rollout";

/** What is waited for. */
export interface RolloutArgs extends ClusterChoice {
    daemonSets: (DaemonSetRef & {
        /** Changes with the pods' template: what makes an `up` wait anew. */
        revision: string;
    })[];
    /** Deadline in seconds for one more node to run the newest template. A rollout that goes on has all the time it needs. */
    timeoutSeconds: number;
}

/** What the state keeps. */
interface Outputs extends RolloutArgs {
    /** Of the DaemonSets that were waited for, in their order. */
    uids: string[];
}

/** The methods of the dynamic resource. Nothing of the cluster is read in a preview, and nothing is ever written. */
export const rollout = {
    check(_olds: unknown, inputs: RolloutArgs) {
        return Promise.resolve({ inputs, failures: [] });
    },

    diff(_id: string, olds: RolloutArgs, news: RolloutArgs) {
        return Promise.resolve({ changes: !isDeepStrictEqual(comparable(olds), comparable(news)) });
    },

    async create(inputs: RolloutArgs) {
        const id = inputs.daemonSets.map(({ daemonSet }) => daemonSet).join(",") || "none";
        return { id, outs: await rolledOut(inputs) };
    },

    async update(_id: string, _olds: Outputs, news: RolloutArgs) {
        return { outs: await rolledOut(news) };
    },

    /** For `pulumi refresh`: a DaemonSet that is gone, or was made anew, has rolled out nothing yet. */
    async read(id: string, props: Outputs) {
        const uids = await uidsOf(new Cluster(props), props.daemonSets);
        if (isDeepStrictEqual(uids, props.uids)) return { id, props };
        return { id, props: { ...props, daemonSets: [], uids: [] } };
    },

    delete() {
        return Promise.resolve();
    },
};

/** Neither the provider's own text nor the deadline is a reason to wait again. */
function comparable(inputs: RolloutArgs): object {
    return { ...inputs, uids: undefined, timeoutSeconds: undefined, __provider: undefined };
}

/**
 * Waits until all nodes run what the DaemonSets want. Not for those whose kubelet is silent; and those that are not Ready for
 * another reason are left behind, with a warning, once nothing else is missing and nothing goes on any more.
 *
 * @throws Error at the deadline that names the Ready nodes that are behind, and why.
 */
async function rolledOut(args: RolloutArgs): Promise<Outputs> {
    const cluster = new Cluster(args);
    for (const ref of args.daemonSets) await awaitOne(cluster, ref, args.timeoutSeconds * 1000);
    return { ...args, uids: await uidsOf(cluster, args.daemonSets) };
}

/** Empty for one that is not there. */
async function uidsOf(cluster: Cluster, refs: DaemonSetRef[]): Promise<string[]> {
    const sets = refs.map(({ namespace, daemonSet: name }) =>
        cluster.find(cluster.apps.readNamespacedDaemonSet({ name, namespace })),
    );
    return (await Promise.all(sets)).map((set) => set?.metadata?.uid ?? "");
}

async function awaitOne(cluster: Cluster, ref: DaemonSetRef, waitMs: number): Promise<void> {
    const what = `complete rollout of ${daemonSetName(ref)}`;
    let complete = 0;
    let nodes = 0;
    let told = false;
    const attempt = async (): Promise<Attempt<{ seen: Progress; over: boolean }>> => {
        const seen = await progressOf(cluster, ref);
        nodes = seen.complete + seen.late.length;
        if (leavesOnly(seen, ["silent"])) return { done: { seen, over: true } };
        if (seen.complete > complete) return { done: { seen, over: false } };
        const waitingFor = missingOf(seen);
        // Said at once: it is all that the deadline would be waited for.
        if (seen.onDelete && seen.late.length > 0 && !told) {
            told = true;
            console.warn(`${daemonSetName(ref)} waits for you: ${waitingFor}`);
        }
        if (!leavesOnly(seen, ["silent", "not Ready"])) return { waitingFor };
        return { waitingFor, late: () => ({ seen, over: true }) };
    };
    for (;;) {
        const intervalMs = () => pauseFor(nodes);
        const { seen, over } = await poll(waitMs, what, attempt, { intervalMs });
        const { late } = seen;
        if (over) {
            if (late.length) console.warn(`${daemonSetName(ref)} leaves out ${listedNodes(late)}`);
            return;
        }
        complete = seen.complete;
        console.log(`${daemonSetName(ref)}: ${complete} of ${nodes} nodes`);
    }
}

/** True when all that is late is of these kinds. Never when not one node has come. */
function leavesOnly({ complete, late, unknown }: Progress, kinds: LateNode["node"][]): boolean {
    if (unknown !== undefined) return false;
    return late.length === 0 || (complete > 0 && late.every(({ node }) => kinds.includes(node)));
}

function missingOf({ late, unknown, onDelete }: Progress): string {
    const ready = late.filter(({ node }) => node === "Ready");
    const parts = [
        ...(unknown === undefined ? [] : [unknown]),
        ...(late.length ? [listedNodes(ready.length ? ready : late)] : []),
        ...(onDelete && late.length ? [ON_DELETE] : []),
        ...(ready.length && late.some(({ node }) => node === "silent") ? [STALLED] : []),
    ];
    return parts.join("; ");
}

const ON_DELETE =
    "its updateStrategy is OnDelete, so nobody replaces pods of the older template: delete them, or set RollingUpdate";

/** kubernetes pkg/controller/daemon/update.go, rollingUpdate. */
const STALLED =
    "nodes whose kubelet is silent count against maxUnavailable, and when they are that many nothing goes on: " +
    "bring them back, delete their Node objects, or raise maxUnavailable";
