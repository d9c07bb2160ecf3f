/**
 * SPIRE's releases one after another and one back, by `pulumi up`, while pods send requests.
 *
 * It makes the cluster anew, with the images of all releases, and leaves it to the file after it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { removeCluster } from "../../sandbox/cluster";
import { CILIUMS, SPIRES, Upgrades } from "../support/upgrades";
import { kubectl, sandbox } from "../support/world";

const [oldest, middle, newest] = SPIRES as [string, string, string];

let stack: Upgrades;

before(async () => {
    await removeCluster(sandbox);
    stack = await Upgrades.start({ cilium: CILIUMS[0]!, spire: oldest });
});
after(() => stack.stop());

/** Of server and agents, as their images say. */
async function releases(): Promise<string> {
    const path = "jsonpath={.items[*].spec.template.spec.containers[0].image}";
    const images = await kubectl(`-n spire-system get statefulsets,daemonsets -o ${path}`);
    return images
        .split(" ")
        .map((image) => image.split("/").at(-1))
        .sort()
        .join();
}

describe("SPIRE", () => {
    test("is not upgraded over a minor release", async () => {
        const refusal = `spire.version = "${newest}": the server runs ${oldest}`;
        await stack.refuses({ spire: newest }, refusal);
        assert.equal(await releases(), `spire-agent:${oldest},spire-server:${oldest}`);
    });

    for (const [from, to, anew] of [
        [oldest, middle, false],
        [middle, newest, true],
    ] as const) {
        test(`${from} is upgraded to ${to} by one up`, async () => {
            await stack.up(`SPIRE ${from} to ${to}`, { spire: to }, anew);
            assert.equal(await releases(), `spire-agent:${to},spire-server:${to}`);
        });
    }

    test("is not downgraded before its agents", async () => {
        await stack.refuses({ spire: middle }, "Downgrade the agents first");
    });

    test(`${newest} is downgraded to ${middle} by two ups, and keeps its database`, async () => {
        const bundle = () =>
            kubectl("-n spire-system get configmap spire-bundle -o jsonpath={.data}");
        const before = await bundle();
        await stack.up(`SPIRE's agents ${newest} back to ${middle}`, {
            spire: newest,
            spireAgent: middle,
        });
        await stack.up(`SPIRE's server ${newest} back to ${middle}`, { spire: middle });
        assert.equal(await releases(), `spire-agent:${middle},spire-server:${middle}`);
        assert.equal(await bundle(), before);
    });
});
