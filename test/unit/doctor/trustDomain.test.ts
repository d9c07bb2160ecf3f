/** A change of the trust domain of a living stack is refused before anything is changed, unless it is meant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { serverArgs } from "../../../components/spire/args";
import { confText } from "../../../components/spire/confText";
import { serverConf } from "../../../components/spire/serverConf";
import { requireTrustDomain } from "../../../doctor/trustDomain";
import { decodeSettings } from "../../../settings/decode";
import { useFakeCluster } from "../../support/fakeCluster";
import { installed } from "../../support/installed";

let conf: string | undefined;
let claims: string[] = [];

useFakeCluster((url) => {
    const path = "/api/v1/namespaces/spire-system";
    if (url === `${path}/persistentvolumeclaims`) {
        return { items: claims.map((name) => ({ metadata: { name } })) };
    }
    const found = url === `${path}/configmaps/spire-server` && conf !== undefined;
    return found ? { data: { "server.conf": conf } } : undefined;
});

const POSTGRES = { type: "postgres", host: "db", passwordSecret: { name: "p" } };

function settings(trustDomain: string, replaceTrustDomain?: string, datastore?: object) {
    const spire = { server: { datastore } };
    return installed(
        decodeSettings({ trustDomain, replaceTrustDomain, clusterName: "east", spire }),
    );
}

/** A cluster on which such a stack has come up. */
function runs(...stack: Parameters<typeof settings>): void {
    conf = confText(serverConf(serverArgs(settings(...stack))));
    claims = ["data-spire-server-0"];
}

async function wanted(...stack: Parameters<typeof settings>): Promise<void> {
    await requireTrustDomain(new Cluster(), settings(...stack));
}

test("a new stack, and one that keeps its trust domain, are allowed", async () => {
    conf = undefined;
    await assert.doesNotReject(wanted("a.test"));
    runs("a.test");
    await assert.doesNotReject(wanted("a.test"));
    await assert.doesNotReject(wanted("a.test", "b.test"));
});

test("another trust domain is refused, with what it costs and the word", async () => {
    runs("a.test");
    await assert.rejects(
        wanted("b.test"),
        /^Error: trustDomain = "b\.test": the SPIRE server in namespace spire-system serves "a\.test", and nothing was changed\. Every identity.*set replaceTrustDomain to "a\.test"/,
    );
});

test("after the word the old database must go", async () => {
    runs("a.test");
    await assert.rejects(
        wanted("b.test", "a.test"),
        /No server starts on the database of another trust domain: delete it, with "kubectl -n spire-system delete statefulset spire-server" and "kubectl -n spire-system delete pvc data-spire-server-0", and repeat this with "pulumi up --refresh"\./,
    );
    claims = ["data-spire-server-1", "other"];
    await assert.doesNotReject(wanted("b.test", "a.test"));
});

test("in PostgreSQL the new one has another name", async () => {
    runs("a.test", undefined, POSTGRES);
    await assert.rejects(
        wanted("b.test", "a.test", POSTGRES),
        /name an empty one with spire\.server\.datastore\.database/,
    );
    await assert.doesNotReject(wanted("b.test", "a.test", { ...POSTGRES, database: "spire_b" }));
});

test("the word is the name of the one that goes, and serves for that one alone", async () => {
    // Once it is done, the word that was left behind allows nothing.
    runs("b.test", "a.test");
    await assert.rejects(wanted("c.test", "a.test"), /serves "b\.test"/);
});

test("what is no configuration is in nobody's way", async () => {
    for (conf of ["", "{", "[]", "{}", "server { }"]) await assert.doesNotReject(wanted("b.test"));
});
