/** What is no command line is refused with what would be one, before anything is done. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { repositoryRoot } from "../../sandbox/host/paths";

const WRONG: [line: string, status: number, says: RegExp][] = [
    ["sandbox/cli.js", 2, /^Usage: npm run -s sandbox -- .*\n {2}down +removes it\n/s],
    ["sandbox/cli.js fly", 2, /unknown command 'fly'/],
    ["sandbox/cli.js up other", 2, /'other' .* choices are default, single, foreign/],
    ["sandbox/cli.js kubeconfig now", 2, /too many arguments for 'kubeconfig'/],
    ["sandbox/cli.js status --gon", 2, /Did you mean --gone/],
    ["sandbox/cli.js node stop x", 2, /choices are start, kill, remove, recreate/],
    ["sandbox/cli.js exec x", 2, /missing required argument 'command'/],
    ["sandbox/cli.js --instance 10 down", 1, /not a number from 0 to 9/],
    ["automation/up.js", 1, /missing required argument 'verb'/],
    ["automation/up.js down", 1, /choices are up, preview/],
    ["automation/matrix.js 1.18.4", 1, /too many arguments/],
    ["test/run.js chek", 1, /choices are check, engine/],
    ["test/apiServers.js 1.31.14 1.32", 1, /A release is like 1\.31\.14/],
];

/** Nobody's sandboxes, and no program to harm them with if the line were taken. */
const env = { XDG_STATE_HOME: "/nonexistent" };

function start(line: string) {
    const [script, ...args] = line.split(" ");
    const program = join(repositoryRoot, "bin", script!);
    return execa(process.execPath, [program, ...args], { env, extendEnv: false, reject: false });
}

for (const [line, status, says] of WRONG) {
    test(`${line} is refused`, async () => {
        const { exitCode, stderr } = await start(line);
        assert.equal(exitCode, status);
        assert.match(stderr, says);
    });
}

test("kubectl and programs of a node get their own options", async () => {
    const ofKubectl = await start("sandbox/cli.js kubectl -n a get --help");
    assert.match(ofKubectl.stderr, /^sandbox: sandbox 0 is not up/);
    const ofProgram = await start("sandbox/cli.js exec nobody ls -l");
    assert.match(ofProgram.stderr, /^sandbox: .*nobody/);
});
