/** What the preflight asks of a cluster for the sake of cert-manager's issuers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { requireCertManager } from "../../../doctor/certManager";
import { decodeSettings } from "../../../settings/decode";
import { useFakeCluster } from "../../support/fakeCluster";

let kinds: string[] = [];

const fake = useFakeCluster((path) =>
    path === "/apis/cert-manager.io/v1" && kinds.length > 0
        ? { resources: kinds.map((kind) => ({ kind })) }
        : undefined,
);

const HUBBLE = {
    cilium: {
        hubble: { enabled: true, tls: { method: "certmanager", issuerRef: { name: "ca" } } },
    },
};
const UPSTREAM = {
    spire: { server: { upstreamAuthority: { type: "cert-manager", issuerName: "ca" } } },
};

async function examine(settings: object): Promise<void> {
    const stack = { trustDomain: "example.org", clusterName: "east", ...settings };
    await requireCertManager(new Cluster(), decodeSettings(stack));
}

test("nothing is asked of a cluster for settings without an issuer", async () => {
    await examine({});
    assert.deepEqual(fake.asked, []);
});

test("a cluster without cert-manager is refused, by the settings that need it", async () => {
    kinds = [];
    await assert.rejects(
        examine({ ...HUBBLE, ...UPSTREAM }),
        /^Error: cilium\.hubble\.tls\.method = "certmanager", but the cluster knows no Certificate; spire\.server\.upstreamAuthority\.type = "cert-manager", but the cluster knows no CertificateRequest of cert-manager\.io\/v1\. Install/,
    );
    kinds = ["Certificate"];
    await examine(HUBBLE);
    await assert.rejects(examine(UPSTREAM), /knows no CertificateRequest of/);
    kinds = ["Certificate", "CertificateRequest"];
    await examine({ ...HUBBLE, ...UPSTREAM });
});
