/** Outages, interruptions, theft of a node, and a change of strategy: authentication survives or heals by one `up`. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { SOON } from "../../sandbox/host/shell";
import { CLIENTS } from "../../examples/mtls-demo/names";
import { ensureBinary } from "../../sandbox/build/binaries";
import { run } from "../../sandbox/host/shell";
import { start } from "../support/pulumi";
import {
    home,
    kubectl,
    nodeNames,
    openPlatform,
    ourEntries,
    PREFIX,
    resource,
    spireServer,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

/** Entries that all agents share: the delegate's and the operator's. */
const SHARED = 2;

let state: World;

before(async () => {
    state = await world();
});

describe("an absent server", () => {
    test("does not fail a preview, which says what it could not see", async () => {
        await kubectl("-n spire-system scale statefulset/spire-server --replicas=0");
        await kubectl("-n spire-system wait --for=delete pod/spire-server-0 --timeout=60s");
        try {
            const { stdout, stderr } = await state.platform.preview({ expectNoChanges: true });
            assert.match(
                stdout + stderr,
                /cannot see the entries on the SPIRE server: no Ready pod/,
            );
        } finally {
            await kubectl("-n spire-system scale statefulset/spire-server --replicas=1");
        }
        await spireServer(state);
    });

    test("that comes back with an empty store is filled by one up", async () => {
        await kubectl("-n spire-system scale statefulset/spire-server --replicas=0");
        await kubectl("-n spire-system wait --for=delete pod/spire-server-0 --timeout=60s");
        await kubectl("-n spire-system delete pvc data-spire-server-0");
        await kubectl("-n spire-system scale statefulset/spire-server --replicas=1");
        await spireServer(state);
        // No pod is touched: the agents find that the CA is new, drop the old one and attest again.
        await upThenQuiet(state);
        assert.equal((await ourEntries(state)).length, nodeNames(state).length + SHARED);
        await state.demo.waitUntilConnected(120_000);
    });
});

describe("interrupted", () => {
    test("a partial failure keeps what was written, and the next up finishes", async () => {
        const workload = (name: string, federatesWith: string[] = []) => ({
            path: `/ns/shop/sa/${name}`,
            selectors: ["k8s:ns:shop", `k8s:sa:${name}`],
            federatesWith,
        });
        // SPIRE refuses to federate with a trust domain whose bundle it does not have, or not yet.
        const absent = { profile: "https_web", url: "https://absent.example" };
        const federation = { federatesWith: { "absent.example": absent } };
        const config = (federatesWith: string[]) => ({
            "cilium-spire:spire": { server: { federation } },
            "cilium-spire:workloads": {
                good: workload("good"),
                second: workload("second", federatesWith),
            },
        });
        const { code, output } = await start(home, "up", config(["absent.example"])).ended;
        assert.equal(code, 1, output);
        assert.match(output, /SPIRE refused 3 registration entries: .*\.second: /);
        const kept = await resource(state, "WorkloadEntries");
        assert.equal(Object.keys(kept.inputs.entries as object).length, 6);
        const workloads = async () =>
            (await (await spireServer(state)).entries()).filter((e) =>
                e.id.includes(".workloads."),
            );
        assert.equal((await workloads()).length, 3);
        assert.equal((await start(home, "up", config([])).ended).code, 0);
        assert.equal((await workloads()).length, 6);
        await upThenQuiet(state);
        assert.equal((await workloads()).length, 0);
    });

    for (const [what, signal] of [
        ["killed", "SIGKILL"],
        ["ended by Ctrl-C", "SIGINT"],
    ] as const) {
        test(`an up that is ${what} while it writes leaves nothing that the next one does not mend`, async () => {
            const server = await spireServer(state);
            await server.delete((await ourEntries(state)).map((entry) => entry.id));
            const { pid, ended } = start(home, "up");
            const written = async () =>
                (await ourEntries(state)).length ? { done: true } : { waitingFor: "none so far" };
            await poll(120_000, "entry written by the up", written, SOON);
            process.kill(-pid, signal);
            const { code, output } = await ended;
            assert.notEqual(code, 0, output);
            // A killed process leaves its lock, and a user would run "pulumi cancel"; Ctrl-C leaves none.
            if (signal === "SIGKILL") await state.platform.cancel();
            await upThenQuiet(state);
            const entries = await ourEntries(state);
            assert.equal(entries.length, nodeNames(state).length + SHARED);
            assert.equal(new Set(entries.map((e) => e.spiffeId + e.parentId)).size, entries.length);
        });
    }
});

describe("a stolen node", () => {
    test("cannot get an admin identity when the operator may not run there", async () => {
        const operatorNode = await kubectl(
            "-n kube-system get pods -l io.cilium/app=operator -o jsonpath={.items[0].spec.nodeName}",
        );
        const stolen = nodeNames(state).find((name) => name !== operatorNode)!;
        const admin = `${PREFIX}.cluster.cilium-operator`;
        // As the guides have it, every node has the right: the attack must succeed, or the test proves nothing.
        const before = await steal(stolen, admin);
        assert.ok(before.entries.some((entry) => entry.admin));
        assert.equal(Object.values(before.signed)[0], 0);

        await kubectl(`label --overwrite node ${operatorNode} cilium-operator=yes`);
        const operatorNodeLabels = { "cilium-operator": "yes" };
        state.platform = await openPlatform({
            "cilium-spire:registration": { operatorNodeLabels },
        });
        await upThenQuiet(state);
        const after = await steal(stolen, admin);
        assert.deepEqual(
            after.entries.filter((entry) => entry.admin),
            [],
        );
        assert.ok(after.entries.some((entry) => entry.spiffeId.endsWith("/cilium-operator")));
        assert.notEqual(Object.values(after.signed)[0], 0);
        await state.demo.waitUntilConnected(30_000);
    });
});

describe("strategies", () => {
    test("perAgent to nodeAlias and back, in one up each, without a gap in authentication", async () => {
        for (const [strategy, count] of [
            ["nodeAlias", 1 + SHARED],
            ["perAgent", nodeNames(state).length + SHARED],
        ] as const) {
            state.platform = await openPlatform({ "cilium-spire:registration": { strategy } });
            assert.deepEqual(await failuresDuring(() => upThenQuiet(state)), []);
            assert.equal((await ourEntries(state)).length, count);
        }
    });
});

/** Connects again and again while something is done; returns the apps that once could not. */
async function failuresDuring(action: () => Promise<void>): Promise<string[]> {
    const finished = new AbortController();
    const done = action().finally(() => finished.abort());
    const failed: string[] = [];
    while (!finished.signal.aborted) {
        for (const app of Object.values(CLIENTS)) {
            if (!(await state.demo.connects(app))) failed.push(app);
        }
    }
    await done;
    return failed;
}

interface StolenAgent {
    entries: { spiffeId: string; admin: boolean }[];
    /** gRPC status code of the attempt to have an SVID signed, by entry ID. */
    signed: Record<string, number>;
}

/** What an attacker gets with the token of a node's agent; see sandbox/modules/stolen-agent. */
async function steal(node: string, entryId: string): Promise<StolenAgent> {
    const pod = await kubectl(
        `-n spire-system get pods --field-selector spec.nodeName=${node} -l app.kubernetes.io/name=spire-agent -o jsonpath={.items[0].metadata.name}`,
    );
    const token = await kubectl(
        `-n spire-system create token spire-agent --audience spire-server --bound-object-kind Pod --bound-object-name ${pod}`,
    );
    const server = await kubectl(
        "-n spire-system get pod spire-server-0 -o jsonpath={.status.podIP}",
    );
    const { trustDomain, clusterName } = state.outputs;
    const report = await run(
        await ensureBinary("stolen-agent"),
        [`${server}:8081`, trustDomain, clusterName, entryId],
        { input: token },
    );
    return JSON.parse(report) as StolenAgent;
}
