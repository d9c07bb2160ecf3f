/** Another trust domain on a living stack: refused, and with the word replaced, identities and all. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { record } from "../../automation/operationsRecord";
import { stackOutputs } from "../../automation/stack";
import type { Values } from "../../settings/cilium/values";
import { demoProof } from "../support/demo";
import { start } from "../support/pulumi";
import { Traffic } from "../support/traffic";
import { home, kubectl, openPlatform, ourEntries, world, type World } from "../support/world";

const OTHER = "other.local";

let state: World;
let own: string;
let traffic: Traffic | undefined;

before(async () => {
    state = await world();
    own = state.outputs.trustDomain;
});

after(() => traffic?.stop());

const config = (trustDomain: string, replaced?: string): Values => ({
    "cilium-spire:trustDomain": trustDomain,
    ...(replaced !== undefined && { "cilium-spire:replaceTrustDomain": replaced }),
});

/** What SPIRE's objects say, without what the cluster says of them. */
async function objects(): Promise<unknown[]> {
    const kinds = "statefulsets,daemonsets,services,configmaps";
    const { items } = JSON.parse(await kubectl(`-n spire-system get ${kinds} -o json`)) as {
        items: { kind: string; metadata: Record<string, unknown>; data?: unknown }[];
    };
    return items.map(({ kind, metadata: { name, uid, generation }, data }) => ({
        ...{ kind, name, uid, generation, data },
    }));
}

describe("another trust domain", () => {
    test("is refused before anything is changed, with what it costs", async () => {
        const before = [await objects(), await ourEntries(state)];
        const { code, output } = await start(home, "up", config(OTHER)).ended;
        assert.equal(code, 1, output);
        assert.match(
            output,
            /trustDomain = "other\.local": the SPIRE server .* serves "demo\.local"/,
        );
        assert.match(output, /set replaceTrustDomain to "demo\.local"/);
        assert.deepEqual([await objects(), await ourEntries(state)], before);
    });

    test("is refused after the word as long as the old database is there", async () => {
        const { code, output } = await start(home, "up", config(OTHER, own)).ended;
        assert.equal(code, 1, output);
        assert.match(output, /delete it, with "kubectl -n spire-system delete statefulset/);
    });

    test("replaces every identity after that, there and back", async () => {
        traffic = await Traffic.start(state.cluster);
        for (const [from, to] of [
            [own, OTHER],
            [OTHER, own],
        ] as const) {
            const report = await traffic.during(async () => {
                await kubectl("-n spire-system delete statefulset spire-server");
                // With retain: false it goes by itself.
                await kubectl("-n spire-system delete pvc data-spire-server-0 --ignore-not-found");
                state.platform = await openPlatform(config(to, from));
                state.outputs = stackOutputs((await state.platform.up({ refresh: true })).outputs);
                state.demo = demoProof(state.cluster, state.outputs);
                await state.demo.prove(180_000);
            });
            if (to === OTHER) {
                record({
                    operation: "another trust domain, until all pods authenticate",
                    ...report,
                });
            }
            await state.platform.preview({ expectNoChanges: true });
            const entries = await ourEntries(state);
            assert.ok(entries.length > 0);
            for (const id of entries.flatMap(({ spiffeId, parentId }) => [spiffeId, parentId])) {
                assert.ok(id.startsWith(`spiffe://${to}/`), id);
            }
        }
        // The word that is left behind is in nobody's way.
        state.platform = await openPlatform();
        await state.platform.preview({ expectNoChanges: true });
    });
});
