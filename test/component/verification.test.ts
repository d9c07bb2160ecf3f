/** The doctor as the last resource: its inputs, and what a process made of them does without a cluster. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { AgentEntries } from "../../components/entries/agentEntries";
import { agentEntriesArgs } from "../../components/entries/args";
import { agentArgs, serverArgs } from "../../components/spire/args";
import { Agent } from "../../components/spire/agent";
import { Server } from "../../components/spire/server";
import { lookCommand, verify } from "../../components/verification";
import { decodeSettings } from "../../settings/decode";
import type { Settings } from "../../settings/schema";
import { repositoryRoot } from "../../sandbox/host/paths";
import { clone } from "../support/clone";
import { runLikePlugin, waiting } from "../support/commandPlugin";
import { writeUnreachableKubeconfig } from "../support/kubeconfig";
import { devConfig } from "../../automation/devConfig";
import { decode, validSpire } from "../unit/components/spire/arbitrary";
import { only, registered } from "./cilium/mocks";
import { installed } from "../support/installed";

const KEPT = "kept secret in the stack's configuration";
const settings = decodeSettings({
    trustDomain: "demo.local",
    clusterName: "precinct-99",
    cilium: { values: { extraEnv: [{ name: "TOKEN", value: KEPT }] } },
});
/** Each entry's ID, as the engine's mock answers for the entries' resource. */
const ENTRIES = { "node/link": "cilium-spire.test.cilium.1.link" };

/** The doctor's command as the engine gets it. */
async function command(of = settings) {
    return only(await resources(of), "command:local:Command");
}

/** All that is registered for these settings. */
async function resources(of: Settings) {
    return await registered(
        () => {
            const server = new Server("spire", serverArgs(installed(of)));
            const agent = new Agent("spire", agentArgs(installed(of)));
            const entries = new AgentEntries(
                "cilium",
                agentEntriesArgs(of, { project: "cilium-spire", stack: "test" }),
            );
            verify(of, { revisions: [server.revision, agent.revision], entries });
        },
        ({ type }) => (type.endsWith(":AgentEntries") ? { entries: ENTRIES } : {}),
    );
}

test("proves after the doctor, where asked to", async () => {
    const looks = async (of: object) =>
        (await resources({ ...settings, ...of }))
            .filter(({ type }) => type === "command:local:Command")
            .map(({ name, inputs, dependsOn }) => [
                name,
                (inputs.interpreter as string[])[2],
                dependsOn,
            ]);
    const doctor = ["verify", "doctor", ["cilium"]];
    assert.deepEqual(await looks({}), [doctor]);
    assert.deepEqual(await looks({ prove: true }), [
        doctor,
        ["prove", "prove", ["cilium", "verify"]],
    ]);
    assert.deepEqual(await looks({ verify: false, prove: true }), [["prove", "prove", ["cilium"]]]);
    assert.deepEqual(await looks({ verify: false }), []);
});

test("runs after the entries, with these inputs", async () => {
    const { inputs, dependsOn } = await command();
    const { stdin, triggers, ...rest } = inputs;
    assert.deepEqual(dependsOn, ["cilium"]);
    assert.deepEqual(rest, {
        interpreter: ["node", "cli/run.js", "doctor", "--stdin", "--wait", "120", "--"],
        create: "test",
    });
    const [server, agent, ...others] = triggers as string[];
    for (const revision of [server!, agent!]) assert.match(revision, /^[0-9a-f]{64}$/);
    assert.deepEqual(others, [ENTRIES]);
    assert.deepEqual(
        decodeSettings(JSON.parse((stdin as { value: string }).value)),
        settings,
        "the settings that the doctor gets are those of the program",
    );
});

test("the settings are a secret, and nothing else holds what they do", async () => {
    const { stdin, ...rest } = (await command()).inputs;
    // The mark of a secret on the wire (sdk/nodejs/runtime/rpc.ts).
    const signature = "4dabf18193072939515e22adb298388d";
    assert.equal((stdin as Record<string, unknown>)[signature], "1b47061264138c4ac30d75fd1eb44270");
    assert.doesNotMatch(JSON.stringify(rest), new RegExp(KEPT));
});

test("the inputs are the same on every machine", async () => {
    const text = JSON.stringify((await command()).inputs);
    for (const path of [repositoryRoot, homedir(), tmpdir(), process.execPath]) {
        assert.ok(!text.includes(path), path);
    }
});

test("the same settings make the same inputs; others, and other pods, do not", async () => {
    const inputsWith = async (changes: Partial<Settings> = {}) =>
        (await command({ ...settings, ...changes })).inputs as Record<"stdin" | "triggers", object>;
    const first = await inputsWith();
    assert.deepEqual(await inputsWith(), first);
    const off = await inputsWith({ mutualAuth: false });
    assert.notDeepEqual(off.stdin, first.stdin);
    assert.deepEqual(off.triggers, first.triggers);
    const older = await inputsWith({ spire: { ...settings.spire, version: "1.12.6" } });
    assert.notDeepEqual(older.triggers, first.triggers);
});

test("settings that were decoded once decode to themselves", async () => {
    const decodesToItself = (decoded: Settings) =>
        assert.deepEqual(
            decodeSettings(JSON.parse(lookCommand("doctor", decoded, "test").stdin)),
            decoded,
        );
    fc.assert(
        fc.property(validSpire(), (spire) => decodesToItself(decode(spire))),
        {
            numRuns: 30,
        },
    );
    const dev = Object.entries(await devConfig());
    decodesToItself(decodeSettings(Object.fromEntries(dev.map(([k, v]) => [k.split(":")[1]!, v]))));
});

let dir: string;

/** A clone with an old build: the sources as they are, and in bin/ a doctor that says so. */
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-verify-"));
    await clone(dir);
    await mkdir(join(dir, "bin", "cli"), { recursive: true });
    await writeFile(join(dir, "bin", "cli", "main.js"), 'console.log("an old build");');
});
after(() => rm(dir, { recursive: true, force: true }));

const run = (of = lookCommand("doctor", settings, "test"), env: Record<string, string> = {}) =>
    runLikePlugin(of, { dir, env: { KUBECONFIG: join(dir, "none"), ...env } });

test("a cluster that cannot be asked is exit code 2", async () => {
    const { code, output } = await run();
    assert.equal(code, 2, output);
    assert.match(output, /^cilium-spire: kubeconfig .*\/none does not exist\. Set KUBECONFIG/);
});

test("an API server that does not answer is waited for, then exit code 2", async () => {
    const kubeconfig = join(dir, "kubeconfig");
    const server = await writeUnreachableKubeconfig(kubeconfig);
    const started = Date.now();
    const { code, output } = await run(waiting(5, lookCommand("doctor", settings, "test")), {
        KUBECONFIG: kubeconfig,
    });
    assert.equal(code, 2, output);
    assert.ok(Date.now() - started >= 5000);
    const [waits, end, ...rest] = output.trim().split("\n");
    assert.match(waits!, /^waiting up to \d s for: an answer of the API server$/);
    assert.match(
        end!,
        new RegExp(`^cilium-spire: the Kubernetes API server ${server} .*ECONNREFUSED`),
    );
    assert.deepEqual(rest, []);
});

test("an edit counts at once, without a build", async () => {
    const file = join(dir, "settings", "words.ts");
    const source = await readFile(file, "utf8");
    await writeFile(file, `throw new Error("edited");\n${source}`);
    try {
        assert.deepEqual(await run(), { code: 2, output: "cilium-spire: edited\n" });
    } finally {
        await writeFile(file, source);
    }
});

test("before npm ci it says so", async () => {
    await rm(join(dir, "node_modules"));
    const { code, output } = await run();
    await symlink(join(repositoryRoot, "node_modules"), join(dir, "node_modules"));
    assert.equal(code, 2);
    assert.match(output, /run "npm ci"/);
});
