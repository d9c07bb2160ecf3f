/** The wait for a rollout: it ends when all nodes that are there run the newest template, and says which do not and why. */
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { rollout, type RolloutArgs } from "@cilium-spire/entries-provider";
import { pageOf, useFakeCluster } from "../../support/fakeCluster";

interface Host {
    /** Of the newest template, or of the one before. */
    pod?: "new" | "old";
    podReady?: boolean;
    /** The status of the node's condition Ready. @default "True" */
    ready?: "True" | "False" | "Unknown";
}

let hosts: Record<string, Host>;
let desired: number | undefined;
let seenGeneration: number;
let exists: boolean;
let uid: string;
let strategy: string;
/** Called at each look, before it. */
let change: (look: number) => void;
let looks: number;

/** The last time that the DaemonSet is read: for its UID. */
const UID = 1;
const NS = "/apis/apps/v1/namespaces/kube-system";

useFakeCluster((path, asked) => {
    switch (path) {
        case `${NS}/daemonsets/cilium`:
            change(++looks);
            return exists ? daemonSet() : undefined;
        case `${NS}/controllerrevisions`:
            return { items: [revision("old", 7), revision("new", 8), revision("foreign", 9)] };
        case "/api/v1/namespaces/kube-system/pods":
            return { items: Object.entries(hosts).flatMap(podOf) };
        case "/api/v1/nodes":
            return pageOf(Object.entries(hosts).map(nodeOf), asked);
    }
    return undefined;
});

beforeEach(() => {
    hosts = { a: { pod: "new" }, b: { pod: "new" } };
    desired = undefined;
    seenGeneration = 5;
    exists = true;
    uid = "cilium";
    strategy = "RollingUpdate";
    change = () => undefined;
    looks = 0;
});

const args = (more: Partial<RolloutArgs> = {}): RolloutArgs => ({
    daemonSets: [{ namespace: "kube-system", daemonSet: "cilium", revision: "r" }],
    timeoutSeconds: 1,
    ...more,
});

/** @returns what was warned of */
async function wait(more?: Partial<RolloutArgs>): Promise<string> {
    const { warn, log } = console;
    let warnings = "";
    console.warn = (line: string) => void (warnings += line);
    console.log = () => undefined;
    try {
        await rollout.create(args(more));
        return warnings;
    } finally {
        Object.assign(console, { warn, log });
    }
}

describe("a rollout", () => {
    test("is over at once when all pods are new and Ready", async () => {
        assert.equal(await wait(), "");
        assert.equal(looks, 1 + UID);
    });

    test("is over when the DaemonSet wants no pods", async () => {
        hosts = { a: {} };
        desired = 0;
        assert.equal(await wait(), "");
    });

    test("is waited for as long as it goes on, beyond the deadline", async () => {
        hosts = { a: { pod: "old" }, b: { pod: "old" }, c: { pod: "old" } };
        change = (look) => {
            const name = ["a", "b", "c"][look - 2];
            if (name !== undefined) hosts[name] = { pod: "new" };
        };
        assert.equal(await wait(), "");
        assert.ok(looks >= 4, `${looks} looks`);
    });

    test("does not take the pods of the template before for it while the controller has not seen the change", async () => {
        seenGeneration = 4;
        change = (look) => {
            if (look === 2) seenGeneration = 5;
        };
        assert.equal(await wait(), "");
        assert.equal(looks, 2 + UID);
    });

    test("that stands still fails, by node and reason", async () => {
        hosts.b = { pod: "new", podReady: false };
        hosts.c = { pod: "old" };
        await assert.rejects(
            wait(),
            /no complete rollout of DaemonSet kube-system\/cilium after 1 s: b: pod cilium-b is Pending but not Ready; c: its pod is of an older template$/,
        );
    });

    test("that nobody goes on with (OnDelete) says at once which pods to delete, and goes on when they are", async () => {
        strategy = "OnDelete";
        hosts.b = { pod: "old" };
        const told =
            /b: kubectl -n kube-system delete pod cilium-b; its updateStrategy is OnDelete, .* delete them, or set RollingUpdate$/;
        await assert.rejects(wait(), told);
        looks = 0;
        change = (look) => {
            if (look === 3) hosts.b = { pod: "new" };
        };
        const warned = await wait();
        assert.match(warned, /^DaemonSet kube-system\/cilium waits for you: /);
        assert.match(warned, told);
    });

    test("of a DaemonSet that is not there, or has not all its pods, fails", async () => {
        desired = 3;
        hosts.c = {};
        await assert.rejects(wait(), /DaemonSet kube-system\/cilium has 2 of 3 pods$/);
        exists = false;
        await assert.rejects(wait(), /DaemonSet kube-system\/cilium does not exist$/);
    });
});

describe("a node", () => {
    test("whose kubelet is silent is not waited for, and warned of", async () => {
        hosts.spot = { pod: "old", ready: "Unknown" };
        assert.match(
            await wait(),
            /^DaemonSet kube-system\/cilium leaves out spot: the node is not Ready \(says Unknown\)$/,
        );
        assert.equal(looks, 1 + UID);
    });

    test("that is gone, or never had a pod because it never came, is not waited for", async () => {
        hosts.gone = { ready: "Unknown" };
        desired = 3;
        assert.equal(await wait(), "");
        delete hosts.gone;
        assert.equal(await wait(), "");
    });

    test("that is not Ready but speaks may be waiting for this very pod: until the deadline", async () => {
        hosts.b = { pod: "new", podReady: false, ready: "False" };
        change = (look) => {
            if (look === 2) hosts.b = { pod: "new" };
        };
        assert.equal(await wait(), "");
        hosts.b = { pod: "new", podReady: false, ready: "False" };
        change = () => undefined;
        assert.match(await wait(), /leaves out b: the node is not Ready \(says False\)$/);
    });

    test("that is silent is told of as what may hold up a rollout that stands still", async () => {
        hosts.spot = { pod: "old", ready: "Unknown" };
        hosts.b = { pod: "old" };
        await assert.rejects(
            wait(),
            /b: its pod is of an older template; nodes whose kubelet is silent .*raise maxUnavailable$/,
        );
    });

    test("is not enough when it is all there is", async () => {
        hosts = { a: { pod: "old", ready: "Unknown" }, b: { pod: "old", ready: "False" } };
        await assert.rejects(wait(), /a: the node is not Ready .*; b: the node is not Ready/);
    });
});

test("a wait is made anew for another template or cluster, not for another deadline", async () => {
    const differs = async (news: RolloutArgs) => (await rollout.diff("", args(), news)).changes;
    assert.equal(await differs(args({ timeoutSeconds: 9 })), false);
    const [daemonSet] = args().daemonSets;
    assert.equal(await differs(args({ daemonSets: [{ ...daemonSet!, revision: "s" }] })), true);
    assert.equal(await differs(args({ context: "other" })), true);
});

test("a refresh notices a DaemonSet that is gone or was made anew, and the next up waits for it", async () => {
    const { id, outs } = await rollout.create(args());
    const differs = async () => {
        const { props } = await rollout.read(id, outs);
        return (await rollout.diff(id, props, args())).changes;
    };
    assert.equal(await differs(), false);
    uid = "cilium-2";
    assert.equal(await differs(), true);
    exists = false;
    assert.equal(await differs(), true);
});

function daemonSet(): object {
    const wanted = desired ?? Object.values(hosts).filter(({ pod }) => pod).length;
    return {
        metadata: { uid, generation: 5 },
        spec: {
            selector: { matchLabels: { "k8s-app": "cilium" } },
            updateStrategy: { type: strategy },
        },
        status: { observedGeneration: seenGeneration, desiredNumberScheduled: wanted },
    };
}

function revision(name: string, number: number): object {
    const labels = { "controller-revision-hash": name };
    const owner = { uid: name === "foreign" ? "another" : uid };
    return { metadata: { name, labels, ownerReferences: [owner] }, revision: number };
}

function podOf([name, { pod, podReady = true }]: [string, Host]): object[] {
    if (pod === undefined) return [];
    const metadata = { name: `cilium-${name}`, labels: { "controller-revision-hash": pod } };
    const ready = { type: "Ready", status: podReady ? "True" : "False" };
    return [
        {
            metadata,
            spec: { nodeName: name },
            status: { phase: "Pending", conditions: [ready] },
        },
    ];
}

function nodeOf([name, { ready: status = "True" }]: [string, Host]): object {
    const conditions = [{ type: "Ready", status, message: `says ${status}` }];
    return { metadata: { name, uid: `uid-${name}` }, status: { conditions } };
}
