/** From the SPIRE that Cilium's chart installs to one of the program's own: beside it first, then by an upgrade of the release. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { helm } from "../../automation/helm";
import type { Values } from "../../settings/cilium/values";
import {
    BUNDLED_NAMESPACE,
    BUNDLED_TRUST_DOMAIN,
    bundledRolledOut,
    loadInitImage,
    withBundledSpire,
} from "../../automation/bundledSpire";
import { requireAnswered, startHelmsCilium, Takeover } from "../support/takeover";
import { ciliumRolledOut, kubectl, sandbox } from "../support/world";

const SOCKETS = {
    workload: "/run/spire-own/sockets/agent.sock",
    admin: "/run/spire-own/admin-sockets/admin.sock",
};
const OWN: Values = {
    trustDomain: BUNDLED_TRUST_DOMAIN,
    spire: { sockets: SOCKETS, server: { storage: { retain: false } } },
};

let values: Values;
let takeover: Takeover;

before(async () => {
    values = await startHelmsCilium(withBundledSpire(), () => loadInitImage(sandbox));
    await bundledRolledOut(sandbox);
    takeover = await Takeover.start(BUNDLED_TRUST_DOMAIN);
});
after(() => takeover.stop());

describe("Cilium's bundled SPIRE", () => {
    test("authenticates", async () => {
        await takeover.untilAnswered();
        requireAnswered(await takeover.quiet());
    });

    test("is not taken over with sockets that the release does not have", async () => {
        await assert.rejects(takeover.require(OWN), /spire\.sockets\.admin = .* DaemonSet cilium /);
    });

    test("stays in use while one of the program's own comes up beside it", async () => {
        const seen = await takeover.up("a SPIRE of the program's own beside Cilium's bundled one", {
            ...OWN,
            mutualAuth: false,
        });
        requireAnswered(seen);
    });

    test("is left by an upgrade of the release, and adopted", async (t) => {
        const seen = await takeover.recorded(
            "from Cilium's bundled SPIRE to one of the program's own",
            async () => {
                await helm("upgrade", withOwnSpire());
                await ciliumRolledOut();
            },
        );
        t.diagnostic(JSON.stringify(seen));
        assert.ok(seen.known.plainGapSeconds < 5, `${seen.known.plainGapSeconds} s`);
        await takeover.up("the Cilium of that release adopted after it", OWN);
        await takeover.requireWell();
        await kubectl(`wait --for=delete namespace/${BUNDLED_NAMESPACE} --timeout=120s`);
    });
});

/** The release without the bundled SPIRE, whose Cilium looks for the stack's. */
function withOwnSpire(): Values {
    const spire = {
        enabled: true,
        install: { enabled: false },
        serverAddress: "spire-server.spire-system.svc:8081",
        trustDomain: BUNDLED_TRUST_DOMAIN,
        adminSocketPath: SOCKETS.admin,
        agentSocketPath: SOCKETS.workload,
    };
    return { ...values, authentication: { enabled: true, mutual: { spire } } };
}
