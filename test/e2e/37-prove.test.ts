/** `cilium-spire prove` as a user runs it, on a stack that is up. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import { repositoryRoot } from "../../sandbox/host/paths";
import { kubectl, ourEntries, spireServer, world, type World } from "../support/world";

const PROGRAM = join(repositoryRoot, "cli", "run.js");
const PROVEN = [
    /^Clients reach the server, .*: from \S+ \(the server's node\) and \S+, \d+\.\d s after they were Ready\.$/m,
    /^A pod that the policy does not name is blocked: /m,
    /^Cilium has the pairs of identities in its auth map, authenticated by SPIRE: \d+ with \d+, \d+ with \d+\.$/m,
    /^Their identities are registered in SPIRE: \d+, \d+, \d+\.$/m,
];

let state: World;

before(async () => {
    state = await world();
});

describe("prove", () => {
    test("proves by the stack's name, and leaves nothing", async () => {
        const { exitCode, stdout } = await prove(["dev"]);
        assert.equal(exitCode, 0, stdout);
        for (const line of PROVEN) assert.match(stdout, line);
        assert.deepEqual(await namespacesLeft(), []);
    });

    test("proves by the kubeconfig alone, in a namespace that stays", async () => {
        await kubectl("create namespace prove-here");
        try {
            const { exitCode, stdout } = await prove(["--namespace", "prove-here"]);
            assert.equal(exitCode, 0, stdout);
            for (const line of PROVEN) assert.match(stdout, line);
            const left = "get pods,services,ciliumnetworkpolicies -n prove-here -o name";
            assert.equal(await kubectl(left), "");
        } finally {
            await kubectl("delete namespace prove-here");
        }
    });

    test("says that it is not proven where identities are missing, and leaves nothing", async () => {
        const server = await spireServer(state);
        assert.deepEqual(await server.delete((await ourEntries(state)).map((e) => e.id)), []);
        // What it knows from before would go on: identities are given out from memory.
        await kubectl("-n kube-system delete pod -l app.kubernetes.io/part-of=cilium");
        await kubectl("-n kube-system rollout status daemonset/cilium --timeout=180s");
        const { exitCode, stdout } = await prove(["dev", "--wait", "20"]);
        assert.equal(exitCode, 1, stdout);
        assert.match(stdout, /^NOT PROVEN: no authenticated connection to \S+ after 20 s: \S+/);
        assert.deepEqual(await namespacesLeft(), []);
        await state.platform.up();
    });

    test("removes its pods when ended by Ctrl-C", async () => {
        const run = execa("node", [PROGRAM, "prove", "dev"], {
            cwd: repositoryRoot,
            reject: false,
        });
        run.stderr.on("data", (text: Buffer) => {
            if (text.includes("waiting for the first")) run.kill("SIGINT");
        });
        const { exitCode, stderr } = await run;
        assert.equal(exitCode, 2, stderr);
        assert.match(stderr, /ended by SIGINT$/);
        assert.deepEqual(await namespacesLeft(), []);
    });

    test("an image that cannot be had is told, and nothing stays", async () => {
        const { exitCode, stderr } = await prove([
            "--image",
            "none.invalid/agnhost:1",
            "--pods-wait",
            "15",
        ]);
        assert.equal(exitCode, 2, stderr);
        assert.match(
            stderr,
            /no Ready pods of the proof .* after 15 s: pod \S+ is waiting: .*ErrImage/,
        );
        assert.deepEqual(await namespacesLeft(), []);
    });
});

async function prove(args: string[]) {
    const options = { cwd: repositoryRoot, reject: false, timeout: 300_000 } as const;
    return await execa("node", [PROGRAM, "prove", ...args], options);
}

async function namespacesLeft(): Promise<string[]> {
    const names = (await kubectl("get namespaces -o name")).split("\n");
    return names.filter((name) => name.includes("cilium-spire-proof"));
}
