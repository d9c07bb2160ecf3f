/**
 * Cilium's releases one after another and one back, by `pulumi up`, while pods send requests.
 *
 * The cluster is that of the file before it, which ends with these releases, or a new one. Nobody else could use it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { removeCluster } from "../../sandbox/cluster";
import { CILIUMS, SPIRES, Upgrades } from "../support/upgrades";
import { kubectl, sandbox } from "../support/world";

const [oldest, middle, newest] = CILIUMS as [string, string, string];

let stack: Upgrades;

before(async () => {
    stack = await Upgrades.start({ cilium: oldest, spire: SPIRES[1]! });
});
after(async () => {
    await stack.stop();
    await removeCluster(sandbox);
});

/** What the agents that run say of themselves. */
async function release(): Promise<string> {
    return await kubectl(
        "-n kube-system exec daemonset/cilium -c cilium-agent -- cilium-dbg version",
    );
}

describe("Cilium", () => {
    test("is not upgraded over a minor release", async () => {
        const refusal = `cilium.version = "${newest}": the agents run ${oldest}`;
        await stack.refuses({ cilium: newest }, refusal);
        assert.ok((await release()).includes(oldest));
    });

    for (const [from, to, how] of [
        [oldest, middle, "to"],
        [middle, newest, "to"],
        [newest, middle, "back to"],
    ] as const) {
        test(`${from} goes ${how} ${to} by one up`, async () => {
            await stack.up(`Cilium ${from} ${how} ${to}`, { cilium: to });
            assert.ok((await release()).includes(to));
        });
    }
});
