/** examples/consumer-stack: a service in another project knows the platform by its outputs, and brings its own entries. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Proof } from "../../doctor/proof/proof";
import { ExampleStack, packPackages } from "../support/packages";
import { SHOP } from "../support/shop";
import { home, ourEntries, spireServer, world, type World } from "../support/world";

const ID = "spiffe://demo.local/shop/payments";

let platform: World;
let consumer: ExampleStack;

before(async () => {
    platform = await world();
    const config = { "consumer-stack:platform": "organization/cilium-spire/dev" };
    const archives = await packPackages(home.dir);
    consumer = await ExampleStack.make(join(home.dir, "shop"), "consumer-stack", archives, config);
});
after(async () => {
    await consumer.destroy();
    await platform.demoStack.destroy();
    await platform.platform.destroy();
});

/** IDs of the consumer's entries by the path of their SPIFFE IDs. */
async function ownEntries(): Promise<Record<string, string[]>> {
    const entries = await (await spireServer(platform)).entries();
    const own: Record<string, string[]> = {};
    for (const { id, spiffeId } of entries) {
        if (!id.startsWith("consumer-stack.dev.workloads.")) continue;
        (own[spiffeId.replace("spiffe://demo.local", "")] ??= []).push(id);
    }
    for (const ids of Object.values(own)) ids.sort();
    return own;
}

describe("a stack that reads the platform's outputs", () => {
    test("comes up, and a second up changes nothing", async () => {
        await consumer.up();
        await consumer.up("--expect-no-changes");
        assert.equal((await consumer.outputs<{ paymentsId: string }>()).paymentsId, ID);
    });

    test("has its service authenticated, and a stranger kept out", async () => {
        await new Proof(platform.cluster, platform.outputs, SHOP).proveAnew(60_000);
    });

    test("writes its entries under its own name, which the platform leaves alone", async () => {
        const entries = await ownEntries();
        const counts = Object.entries(entries).map(([path, { length }]) => [path, length]);
        assert.deepEqual(counts.sort(), [
            ["/ns/shop/sa/checkout", 3],
            ["/ns/shop/sa/stranger", 3],
            ["/shop/payments", 3],
        ]);
        const before = (await ourEntries(platform)).length;
        await platform.platform.up({ expectNoChanges: true });
        assert.deepEqual(await ownEntries(), entries);
        assert.equal((await ourEntries(platform)).length, before);
    });

    test("takes them along when it goes, and nothing of the platform", async () => {
        const before = (await ourEntries(platform)).length;
        await consumer.destroy();
        assert.deepEqual(await ownEntries(), {});
        assert.equal((await ourEntries(platform)).length, before);
    });
});
