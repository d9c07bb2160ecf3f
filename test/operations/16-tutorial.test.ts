/** Every command of docs/tutorial.md, in one shell, as its reader types them; it ends without the cluster. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { execa } from "execa";
import { removeCluster } from "../../sandbox/cluster";
import { repositoryRoot } from "../../sandbox/host/paths";
import { testSandbox } from "../support/sandbox";
import { differs, outputsOf, scriptOf, stepsOf } from "../support/transcript";

const DEADLINE_MS = 40 * 60_000;
/** Of whoever runs the tests: a reader has none of it. */
const NOT_A_READERS = /^(MAKE|MFLAGS|NODE_|PULUMI_|KUBECONFIG$|CILIUM_SPIRE_|CILIUM$|SPIRE$)/;

after(() => removeCluster(testSandbox));

test("docs/tutorial.md: every block runs, and prints what it says", async () => {
    const steps = stepsOf("docs/tutorial.md");
    const env = Object.entries(process.env).filter(([name]) => !NOT_A_READERS.test(name));
    const { exitCode, all } = await execa("bash", ["-c", scriptOf(steps)], {
        cwd: repositoryRoot,
        // The one difference: the tests' sandbox instead of the reader's.
        env: { ...Object.fromEntries(env), CILIUM_SPIRE_SANDBOX: String(testSandbox.number) },
        ...{ extendEnv: false, stdin: "ignore", all: true, reject: false, timeout: DEADLINE_MS },
    });
    const outputs = outputsOf(all);
    const reached = outputs.length;
    assert.ok(exitCode === 0, `${steps[reached - 1]?.at} failed:\n${outputs.at(-1) ?? all}`);
    assert.equal(reached, steps.length);
    const differences = steps.flatMap(({ at, prints }, i) => {
        const difference = prints === undefined ? undefined : differs(prints, outputs[i]!);
        return difference === undefined ? [] : [`${at}: ${difference} in\n${outputs[i]!}`];
    });
    assert.equal(differences.join("\n"), "");
});
