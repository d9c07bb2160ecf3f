import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, fromShown, normalize, toData } from "@cilium-spire/entries-provider";

/** As printed by spire-server 1.13.3 `entry show -output json`. */
const shown = {
    id: "p.1.cilium-operator",
    spiffe_id: { trust_domain: "demo.local", path: "/ns/kube-system/sa/cilium-operator" },
    parent_id: { trust_domain: "demo.local", path: "/spire/agent/k8s_psat/c/1" },
    selectors: [
        { type: "k8s", value: "sa:cilium-operator" },
        { type: "k8s", value: "ns:kube-system" },
    ],
    x509_svid_ttl: 0,
    federates_with: [],
    hint: "",
    admin: true,
    created_at: "1763804000",
    downstream: false,
    expires_at: "0",
    dns_names: [],
    revision_number: "0",
    store_svid: false,
    jwt_svid_ttl: 0,
};

const entry: Entry = {
    id: "p.1.cilium-operator",
    spiffeId: "spiffe://demo.local/ns/kube-system/sa/cilium-operator",
    parentId: "spiffe://demo.local/spire/agent/k8s_psat/c/1",
    selectors: ["k8s:ns:kube-system", "k8s:sa:cilium-operator"],
    admin: true,
};

test("an entry that SPIRE shows equals the one that was written", () => {
    assert.deepEqual(fromShown(shown), normalize(entry));
});

test("trust domains are compared by name, which is how SPIRE shows them", () => {
    const wanted = normalize({
        ...entry,
        federatesWith: ["spiffe://partner.example", "a.example"],
    });
    assert.deepEqual(wanted.federatesWith, ["a.example", "partner.example"]);
    const data = toData(wanted) as { federates_with: string[] };
    assert.deepEqual(data.federates_with, ["a.example", "partner.example"]);
    assert.deepEqual(fromShown({ ...shown, federates_with: data.federates_with }), wanted);
});

test("every field that is compared is also written", () => {
    const full: Required<Entry> = {
        ...entry,
        admin: true,
        downstream: true,
        x509SvidTtl: 60,
        jwtSvidTtl: 30,
        dnsNames: ["a"],
        federatesWith: ["b"],
        hint: "h",
        storeSvid: true,
        expiresAt: 1_900_000_000,
        additionalAttributes: { jwt_svid_include_jti: true },
    };
    assert.deepEqual(toData(full), {
        entry_id: full.id,
        spiffe_id: full.spiffeId,
        parent_id: full.parentId,
        selectors: [
            { type: "k8s", value: "ns:kube-system" },
            { type: "k8s", value: "sa:cilium-operator" },
        ],
        admin: true,
        downstream: true,
        x509_svid_ttl: 60,
        jwt_svid_ttl: 30,
        dns_names: ["a"],
        federates_with: ["b"],
        hint: "h",
        store_svid: true,
        entryExpiry: 1_900_000_000,
        additional_attributes: { jwt_svid_include_jti: true },
    });
});

test("what newer releases and few entries have is read; what is not set is no difference", () => {
    const more = {
        store_svid: true,
        expires_at: "1900000000",
        additional_attributes: { jwt_svid_include_jti: true, disable_x509_svid_prefetch: false },
    };
    assert.deepEqual(fromShown({ ...shown, ...more }), {
        ...normalize(entry),
        storeSvid: true,
        expiresAt: 1_900_000_000,
        additionalAttributes: { jwt_svid_include_jti: true },
    });
    const nothing: (Record<string, boolean> | null)[] = [null, {}, { jwt_svid_include_jti: false }];
    for (const none of nothing) {
        assert.deepEqual(fromShown({ ...shown, additional_attributes: none }), normalize(entry));
    }
});
