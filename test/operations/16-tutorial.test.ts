/** Every command of docs/tutorial.md, in one shell, as its reader types them; it ends without the cluster. */
import { after, test } from "node:test";
import { removeCluster } from "../../sandbox/cluster";
import { repositoryRoot } from "../../sandbox/host/paths";
import { TUTORIAL } from "../support/blocks";
import { readersEnvironment } from "../support/reader";
import { testSandbox } from "../support/sandbox";
import { runSteps, stepsOf } from "../support/transcript";

after(() => removeCluster(testSandbox));

test(`${TUTORIAL}: every block runs, and prints what it says`, async () => {
    await runSteps(stepsOf(TUTORIAL), {
        cwd: repositoryRoot,
        // The one difference: the tests' sandbox instead of the reader's.
        env: { ...readersEnvironment(), CILIUM_SPIRE_SANDBOX: String(testSandbox.number) },
        deadlineMs: 40 * 60_000,
    });
});
