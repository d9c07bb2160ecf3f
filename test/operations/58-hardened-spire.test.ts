/** A SPIRE in the shape of helm-charts-hardened that Cilium knows nothing of, and what one `up` makes of them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { contentOf, install, remove } from "../support/externalSpire";
import { HARDENED } from "../support/hardenedSpire";
import { requireBlocked, startHelmsCilium, Takeover } from "../support/takeover";

const TRUST_DOMAIN = "demo.local";

let content: unknown;
let takeover: Takeover;

before(async () => {
    await startHelmsCilium({ enabled: true });
    await install(HARDENED);
    content = await contentOf(HARDENED);
    takeover = await Takeover.start(TRUST_DOMAIN);
});
after(async () => {
    await takeover.stop();
    await remove(HARDENED);
});

describe("a SPIRE of helm-charts-hardened", () => {
    test("authenticates nobody for Cilium", async () => {
        requireBlocked(await takeover.quiet());
    });

    test("authenticates after one up, and is as it was", async (t) => {
        const seen = await takeover.up("a SPIRE of helm-charts-hardened taken over", {
            trustDomain: TRUST_DOMAIN,
            spire: HARDENED.settings,
        });
        t.diagnostic(JSON.stringify(seen));
        assert.ok(seen.known.plainGapSeconds < 5, `${seen.known.plainGapSeconds} s`);
        await takeover.requireWell();
        assert.deepEqual(await contentOf(HARDENED), content);
    });
});
