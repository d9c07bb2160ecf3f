/** The doctor as `verify` runs it, on a stack that is up. Where the plugin ends: test/support/commandPlugin.ts. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import { lookCommand } from "../../components/verification";
import { checks } from "../../doctor/checks";
import { settingsOfFile } from "../../doctor/stackFile";
import { ensureBinary } from "../../sandbox/build/binaries";
import { repositoryRoot } from "../../sandbox/host/paths";
import { clone } from "../support/clone";
import { type CommandInputs, runLikePlugin, waiting } from "../support/commandPlugin";
import { ourEntries, spireServer, world, type World } from "../support/world";

let state: World;
let configFile: string;
let command: CommandInputs;

before(async () => {
    state = await world();
    configFile = join(state.platform.workspace.workDir, "Pulumi.dev.yaml");
    command = lookCommand("doctor", settingsOfFile(configFile), "dev");
});

describe("verify", () => {
    test("passes on a healthy cluster", async () => {
        const { code, output } = await runLikePlugin(command, { dir: repositoryRoot });
        assert.equal(code, 0, output);
        assert.equal(output.match(/^ok {5}/gm)?.length, checks.length, output);
    });

    test("fails with the finding and its cure, and passes after the next up", async () => {
        const entry = (await ourEntries(state))[0]!;
        await (await spireServer(state)).delete([entry.id]);
        const broken = await runLikePlugin(waiting(0, command), { dir: repositoryRoot });
        assert.equal(broken.code, 1, broken.output);
        const line = new RegExp(`^WRONG  registration entries +${entry.id} is missing$`, "m");
        assert.match(broken.output, line);
        assert.match(broken.output, /^ {7}cure: {2}run `pulumi up`$/m);
        await state.platform.up();
        const healed = await runLikePlugin(command, { dir: repositoryRoot });
        assert.equal(healed.code, 0, healed.output);
    });

    test("runs the source that the program runs, without a build", async () => {
        const dir = await mkdtemp(join(tmpdir(), "cilium-spire-verify-"));
        try {
            await clone(dir);
            const file = join(dir, "settings", "words.ts");
            const source = await readFile(file, "utf8");
            await writeFile(file, `throw new Error("edited");\n${source}`);
            const host = dirname(await ensureBinary("pulumi-language-nodejs"));
            const stack = ["--cwd", dir, "--stack", "dev", "--config-file", configFile];
            const preview = execa("pulumi", ["preview", ...stack, "--non-interactive"], {
                env: { PATH: [host, process.env.PATH].join(delimiter) },
                timeout: 120_000,
            });
            await assert.rejects(preview, ({ stdout }: { stdout: string }) => {
                assert.match(stdout, /Error: edited/);
                return true;
            });
            const doctor = await runLikePlugin(command, { dir });
            assert.deepEqual(doctor, { code: 2, output: "cilium-spire: edited\n" });
        } finally {
            await rm(dir, { recursive: true, force: true });
        }
    });
});
