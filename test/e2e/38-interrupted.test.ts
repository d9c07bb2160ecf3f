/**
 * An `up` or a `destroy` of the CLI that is killed, in every phase: one more ends as if nothing had happened.
 *
 * Moments are states of the cluster, not seconds, so that each phase is met on any machine. Where the phase is one of
 * SPIRE's, Cilium is left from the round before: what comes after it is a first `up` all the same.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider/poll";
import type { Values } from "../../settings/cilium/values";
import { STRANGER } from "../../examples/mtls-demo/names";
import { SOON } from "../../sandbox/host/shell";
import { cli, startCli } from "../support/cli";
import { killAll, type Operation } from "../support/operation";
import { kubectl, openPlatform, ourEntries, world, type World } from "../support/world";

interface Moment {
    /** Completes "killed when ...". */
    what: string;
    seen: () => Promise<boolean>;
    /** Settings that the next `up` has and the killed one had not. */
    change?: Values;
}

const CILIUM = "-n kube-system get daemonset cilium --ignore-not-found";
const SERVER = "-n spire-system get statefulset spire-server --ignore-not-found";
const AGENT = "-n spire-system get daemonset spire-agent --ignore-not-found";

/** How often an `up` is begun that ends too fast to be killed. */
const ROUNDS = 3;

let state: World;

before(async () => {
    state = await world();
});

const ofCilium: Moment[] = [
    {
        what: "the first objects of Cilium's chart are there",
        seen: exists("-n kube-system get configmap cilium-config --ignore-not-found"),
    },
    {
        what: "Cilium's agents start",
        seen: exists(CILIUM),
        change: { "cilium-spire:cilium": { workloadSocketInAgent: false } },
    },
    {
        what: "the first of Cilium's agents is Ready",
        seen: positive(`${CILIUM} -o jsonpath={.status.numberReady}`),
        change: { "cilium-spire:cilium": { values: { podAnnotations: { "example.org/a": "b" } } } },
    },
];

const ofSpire: Moment[] = [
    {
        what: "SPIRE's namespace is there",
        seen: exists("get namespace spire-system --ignore-not-found"),
    },
    {
        what: "the server gets its rights",
        seen: exists("get clusterrole spire-server-dev --ignore-not-found"),
        change: { "cilium-spire:spire": { server: { caTtl: "48h" } } },
    },
    {
        what: "the server starts",
        seen: exists(SERVER),
        change: { "cilium-spire:spire": { server: { logLevel: "DEBUG" } } },
    },
    {
        what: "the server is Ready",
        seen: positive(`${SERVER} -o jsonpath={.status.readyReplicas}`),
    },
    {
        what: "the agents start",
        seen: exists(AGENT),
        change: {
            "cilium-spire:spire": { agent: { logLevel: "DEBUG", maxUnavailable: "50%" } },
        },
    },
    {
        what: "the first agent has attested",
        seen: positive(`${AGENT} -o jsonpath={.status.numberReady}`),
    },
    {
        what: "entries are being written",
        seen: async () => (await ourEntries(state).catch(() => [])).length > 0,
    },
];

/** Of a `destroy`, before the Cilium round of the same number. */
const ofDestroy: Moment[] = [
    { what: "the agents end", seen: not(exists(AGENT)) },
    { what: "the server ends", seen: not(exists(SERVER)) },
    { what: "Cilium's agents end", seen: not(exists(CILIUM)) },
];

describe("a first up that is killed", () => {
    for (const [i, moment] of ofCilium.entries()) {
        test(`when ${ofDestroy[i]!.what}: a destroy, which the next one finishes`, async () => {
            assert.ok(await interrupt("destroy", ofDestroy[i]!), "the destroy was too fast");
            await cli(state.platform, "destroy", "--skip-preview");
            const left = await kubectl(
                "get namespaces,clusterroles,clusterrolebindings,daemonsets,statefulsets,persistentvolumeclaims -A -o name",
            );
            assert.doesNotMatch(left, /spire|cilium/);
        });

        test(`when ${moment.what} is healed by the next`, () => heals(moment));
    }

    for (const moment of ofSpire) {
        test(`when ${moment.what} is healed by the next`, async () => {
            const namespace = ["--target", "**:Namespace::spire-system", "--target-dependents"];
            const start = () => cli(state.platform, "destroy", "--skip-preview", ...namespace);
            await heals(moment, start);
        });
    }

    test("leaves warnings, until a refresh clears them, and nothing else", async () => {
        const refreshed = ["--skip-preview", "--clear-pending-creates"];
        await cli(state.platform, "refresh", ...refreshed);
        const output = await cli(state.platform, "up", "--skip-preview", "--expect-no-changes");
        // The CLI also warns of the plugins that the sandbox gives it.
        const warnings = output.split("\n").filter((line) => line.includes("warning:"));
        assert.deepEqual(
            warnings.filter((line) => !/using pulumi-\S+ from \$PATH/.test(line)),
            [],
        );
        for (const { what, seen } of await state.demo.prove(120_000))
            console.log(`${what}: ${seen}`);
    });
});

/**
 * One `up` after one that was killed at the moment: it ends well, pods are authenticated, the next preview is quiet.
 *
 * @param start makes the first `up` one again, also where it ended before it could be killed.
 */
async function heals(moment: Moment, start?: () => Promise<unknown>): Promise<void> {
    for (let left = ROUNDS; ; left--) {
        await start?.();
        state.platform = await openPlatform();
        if (await interrupt("up", moment)) break;
        assert.ok(start && left > 1, `the up ended before it could be killed when ${moment.what}`);
    }
    if (moment.change) state.platform = await openPlatform(moment.change);
    await cli(state.platform, "up", "--skip-preview");
    // Pairs of the round before are still in Cilium's map, and would connect without a server.
    await state.demo.forgetAuthentications();
    await state.demo.waitUntilConnected(120_000);
    assert.equal(await state.demo.connects(STRANGER), false);
    if (moment.change) await state.platform.preview({ expectNoChanges: true });
}

/**
 * Kills an operation of the CLI at the moment, and frees the stack of its lock as a user does.
 *
 * @returns false when it ended well before.
 */
async function interrupt(verb: "up" | "destroy", moment: Moment): Promise<boolean> {
    const operation = await startCli(state.platform, verb, "--skip-preview");
    const reached = await reach(moment, operation);
    await killAll(operation);
    await cli(state.platform, "cancel");
    return reached;
}

async function reach({ what, seen }: Moment, { ended }: Operation): Promise<boolean> {
    let end: Awaited<typeof ended> | undefined;
    void ended.then((result) => (end = result));
    const attempt = async () => {
        const done = await seen();
        if (end?.code === 0) return { done: false };
        if (end) return { failed: `it ended with ${end.code ?? "a signal"}: ${end.output}` };
        return done ? { done } : { waitingFor: "it has not come to that" };
    };
    return await poll<boolean>(300_000, `moment when ${what}`, attempt, SOON);
}

function exists(get: string): () => Promise<boolean> {
    return async () => (await kubectl(`${get} -o name`)) !== "";
}

function not(condition: () => Promise<boolean>): () => Promise<boolean> {
    return async () => !(await condition());
}

function positive(get: string): () => Promise<boolean> {
    return async () => Number(await kubectl(get)) > 0;
}
