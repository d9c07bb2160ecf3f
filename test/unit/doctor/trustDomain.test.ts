/** A change of the trust domain of a living stack is refused before anything is changed, unless it is meant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { requireTrustDomain } from "../../../doctor/trustDomain";
import { decodeSettings } from "../../../settings/decode";
import { useFakeCluster } from "../../support/fakeCluster";

let conf: string | undefined;

useFakeCluster((url) =>
    url === "/api/v1/namespaces/spire-system/configmaps/spire-server" && conf !== undefined
        ? { data: { "server.conf": conf } }
        : undefined,
);

async function wanted(trustDomain: string, replaceTrustDomain?: string): Promise<void> {
    const settings = decodeSettings({ trustDomain, replaceTrustDomain, clusterName: "east" });
    await requireTrustDomain(new Cluster(), settings);
}

test("a new stack, and one that keeps its trust domain, are allowed", async () => {
    conf = undefined;
    await assert.doesNotReject(wanted("a.test"));
    conf = JSON.stringify({ server: { trust_domain: "a.test" } });
    await assert.doesNotReject(wanted("a.test"));
});

test("another trust domain is refused, with what it costs and the word", async () => {
    conf = JSON.stringify({ server: { trust_domain: "a.test" } });
    await assert.rejects(
        wanted("b.test"),
        /^Error: trustDomain = "b\.test": the SPIRE server in namespace spire-system serves "a\.test", and nothing was changed\. Every identity would be replaced: .*set replaceTrustDomain to "a\.test"/,
    );
});

test("the word is the name of the one that goes, and serves for that one alone", async () => {
    conf = JSON.stringify({ server: { trust_domain: "a.test" } });
    await assert.doesNotReject(wanted("b.test", "a.test"));
    // Once it is done, the word that was left behind allows nothing.
    conf = JSON.stringify({ server: { trust_domain: "b.test" } });
    await assert.rejects(wanted("c.test", "a.test"), /serves "b\.test"/);
});

test("what is no configuration is in nobody's way", async () => {
    for (conf of ["", "{", "[]", "{}", "server { }"]) await assert.doesNotReject(wanted("b.test"));
});
