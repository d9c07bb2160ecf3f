/** `cilium-spire enforce` under traffic: what refuses somebody is taken back by itself, and what was there before is there again. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Entry } from "@cilium-spire/entries-provider";
import { BEFORE_TRIAL } from "../../components/names";
import { inCilium } from "../../doctor/proof/pods";
import type { Enforcement } from "../../enforcement/enforce";
import {
    applied,
    enforce,
    live,
    NAMESPACE,
    OF_OTHER,
    openScene,
    REQUIRED,
    WITHOUT,
} from "../support/enforced";
import { kubectl, type PolicyCast } from "../support/policyCast";
import { TIMEOUT_MS } from "../support/requests";
import { type Client, reportOf, startClientIn, untilTheLast } from "../support/traffic";
import { unregister } from "../support/unregistered";
import { nodeNames, spireServer, type World } from "../support/world";

const SCENE = {
    pods: {
        "enforced/server": { ports: [8080] },
        "enforced/other": { ports: [8080] },
        "enforced/client": {},
        "enforced/unregistered": { registered: false as const },
    },
    attempts: [],
};

let state: World;
let cast: PolicyCast;
let dir: string;
let url: string;
let removed: Entry[] = [];
let client: Client | undefined;
/** Who has no entry, while it sends. */
let unregistered: Client | undefined;

before(async () => {
    ({ state, cast, dir, url } = await openScene(SCENE));
    removed = await unregister(state, cast);
    client = await startClientIn(state.cluster, NAMESPACE, "client", url);
});
after(async () => {
    await client?.stop();
    // The identity outlives its pod, and others ask whether all identities are registered.
    assert.deepEqual(await (await spireServer(state)).create(removed), []);
    await cast.removeNamespaces();
    await rm(dir, { recursive: true });
});

let begun: number;
beforeEach(() => (begun = Date.now()));
afterEach(async () => {
    await stopUnregistered();
    await kubectl(["-n", NAMESPACE, "delete", "ciliumnetworkpolicies", "--all"]);
    // Whatever was tried, who is registered got every answer.
    const to = Date.now();
    await setTimeout(TIMEOUT_MS + 500);
    const report = reportOf([client!.fates], begun, to);
    assert.equal(report.answered, report.sent);
    assert.ok(report.sent > 0);
});

describe("enforce", () => {
    test("changes nothing where somebody who connects would be refused", async () => {
        await startUnregistered();
        const { exitCode, stdout, stderr } = await enforce(dir, [REQUIRED], "--look", "5");
        assert.equal(exitCode, 1, stderr);
        const id = cast.identity("enforced/unregistered")!;
        const why = `its identity ${id} has no registration entry`;
        assert.match(
            stdout,
            new RegExp(`^refused +enforced/unregistered \\(${id}\\) .*8080/TCP +${why}$`, "m"),
        );
        assert.match(stdout, /^Nothing was changed: 1 of 3 pairs .* --refuse enforced\/unreg/m);
        assert.equal(await live(), undefined);
    });

    test("stops where refusals rise, takes that policy back, and leaves the one before", async () => {
        const running = enforce(
            dir,
            [OF_OTHER, REQUIRED],
            ...["--look", "5", "--watch", "10", "--json"],
        );
        await applied();
        await startUnregistered();
        const { exitCode, stdout, stderr } = await running;
        assert.equal(exitCode, 1, stderr);
        const { well, trials } = JSON.parse(stdout) as Enforcement & { well: boolean };
        assert.equal(well, false);
        assert.deepEqual(
            trials.map(({ policy, verdict }) => `${policy} ${verdict}`),
            ["enforced/of-other kept", "enforced/required taken back"],
        );
        const [refused, ...more] = trials[1]!.refused;
        assert.deepEqual(more, []);
        const { from, to, port, reason, seconds } = refused!;
        assert.deepEqual(
            [from.name, to.name, port, reason],
            ["enforced/unregistered", "enforced/server", 8080, "Authentication required"],
        );
        console.log(`refused for ${seconds} s when it was found`);
        assert.equal(await live(), undefined);
        assert.ok(await live("of-other"));
        await untilTheLast(unregistered!, "answered");
    });

    test("keeps what refuses nobody but who is meant to be, without a trace of the trial", async () => {
        await startUnregistered();
        const meant = ["--refuse", "enforced/unregistered"];
        const limits = ["--look", "5", "--watch", "12"];
        const { exitCode, stdout, stderr } = await enforce(dir, [REQUIRED], ...limits, ...meant);
        assert.equal(exitCode, 0, stdout + stderr);
        assert.match(
            stdout,
            /^kept +enforced\/required: nobody was refused within \d+ s, 1 pair of identities authenticated$/m,
        );
        await untilTheLast(unregistered!, "lost");
        const { metadata } = (await live())!;
        assert.equal(metadata.annotations?.[BEFORE_TRIAL], undefined);
        // Whoever applies it from now on meets no conflict.
        const apply = ["apply", "--server-side", "--field-manager=flux", "-f", "-"];
        await kubectl(apply, [WITHOUT]);
        await untilTheLast(unregistered!, "answered");
    });

    test("puts back the policy that was there, with those who wrote its fields", async () => {
        await kubectl(["apply", "--server-side", "--field-manager=flux", "-f", "-"], [WITHOUT]);
        const was = (await live())!;
        const running = enforce(dir, [REQUIRED], "--look", "3", "--watch", "60");
        await applied();
        await startUnregistered();
        const { exitCode, stdout, stderr } = await running;
        assert.equal(exitCode, 1, stderr);
        assert.match(stdout, /^It is as it was before\.$/m);
        const is = (await live())!;
        assert.deepEqual(is.spec, was.spec);
        assert.deepEqual(is.metadata.annotations, was.metadata.annotations);
        assert.deepEqual(is.metadata.managedFields, was.metadata.managedFields);
        await stopUnregistered();
        await kubectl(["apply", "--server-side", "--field-manager=flux", "-f", "-"], [REQUIRED]);
    });

    test("takes back what it tries when it is told to end", async () => {
        const running = enforce(dir, [REQUIRED], "--look", "3", "--watch", "60");
        await applied();
        running.kill("SIGINT");
        const { exitCode, stderr } = await running;
        assert.equal(exitCode, 2, stderr);
        assert.match(stderr, /ended by SIGINT; enforced\/required is taken back/);
        assert.equal(await live(), undefined);
    });

    test("that was killed leaves what --back takes back, and until then nothing is tried again", async () => {
        await kubectl(["apply", "-f", "-"], [WITHOUT]);
        const was = (await live())!;
        const running = enforce(dir, [REQUIRED], "--look", "3", "--watch", "60");
        await applied();
        running.kill("SIGKILL");
        await running;
        const again = await enforce(dir, [REQUIRED], "--look", "3");
        assert.equal(again.exitCode, 2, again.stdout);
        assert.match(again.stderr, /enforced\/required is tried since 20.*enforce --back/);
        const back = await enforce(dir, [], "--back");
        assert.equal(back.exitCode, 0, back.stderr);
        assert.equal(back.stdout, "taken back: enforced/required");
        assert.deepEqual((await live())!.spec, was.spec);
        assert.equal((await enforce(dir, [], "--back")).stdout, "nothing is on trial");
    });

    test("leaves alone what somebody else changes meanwhile", async () => {
        const running = enforce(dir, [REQUIRED], "--look", "3", "--watch", "60");
        await applied();
        const changed = { ...WITHOUT.spec, description: "changed" };
        const patch = JSON.stringify([{ op: "replace", path: "/spec", value: changed }]);
        await kubectl([
            ...["-n", NAMESPACE, "patch", "ciliumnetworkpolicy", "required"],
            ...["--type=json", "--field-manager=somebody", "-p", patch],
        ]);
        const { exitCode, stderr } = await running;
        assert.equal(exitCode, 2, stderr);
        assert.match(stderr, /enforced\/required was changed by somebody while it was tried/);
        assert.deepEqual((await live())!.spec, changed);
    });
});

async function startUnregistered(): Promise<void> {
    unregistered = await startClientIn(state.cluster, NAMESPACE, "unregistered", url);
}

/** Cilium forgets all connections, too: one that was cut off in the middle counts for as long as one that is open. */
async function stopUnregistered(): Promise<void> {
    if (!unregistered) return;
    await unregistered.stop();
    unregistered = undefined;
    for (const node of nodeNames(state)) {
        await inCilium(state.cluster, node, ["cilium-dbg", "bpf", "ct", "flush", "global"]);
    }
}
