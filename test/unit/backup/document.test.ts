/** The file of a backup: what was written is read, and nothing else is. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { type Backup, backupOf, textOf } from "../../../backup/document";
import { bundleWith } from "../../support/fakeFederation";

const BACKUP: Backup = {
    takenAt: "2026-11-25T12:00:00.000Z",
    trustDomain: "demo.local",
    cluster: { apiServer: "https://127.0.0.1:6443", name: "precinct-99" },
    spireVersion: "1.13.3",
    bundle: bundleWith("our CA"),
    // Names that are numbers come first in an object, wherever they were written.
    federatedBundles: { "other.test": bundleWith("their CA"), "1": bundleWith("one") },
    federation: [
        { trustDomain: "1", url: "https://one.test/", profile: "https_web" },
        {
            trustDomain: "other.test",
            url: "https://other.test/",
            profile: "https_spiffe",
            endpointSpiffeId: "spiffe://other.test/spire/server",
        },
    ],
    entries: [
        {
            id: "a",
            spiffeId: "spiffe://demo.local/a",
            parentId: "spiffe://demo.local/p",
            selectors: ["k8s:ns:a", "k8s:pod-label:x:y"],
            admin: true,
            downstream: true,
            x509SvidTtl: 60,
            jwtSvidTtl: 30,
            dnsNames: ["a.test"],
            federatesWith: ["other.test"],
            hint: "h",
            storeSvid: true,
            expiresAt: 1_900_000_000,
            additionalAttributes: { jwt_svid_include_jti: true },
        },
    ],
    agents: [{ spiffeId: "spiffe://demo.local/agent", banned: true, expiresAt: 1_800_000_000 }],
    serverConf: '{"server":{}}',
};

const read = (text: string) => backupOf(text, "x.json");

test("what was written is read, also when its spaces have changed", () => {
    const text = textOf(BACKUP);
    assert.deepEqual(read(text), BACKUP);
    assert.deepEqual(read(JSON.stringify(JSON.parse(text))), BACKUP);
    const { cluster: _cluster, serverConf: _serverConf, ...rest } = BACKUP;
    const least = { ...rest, cluster: { apiServer: "x" }, federatedBundles: {}, federation: [] };
    assert.deepEqual(read(textOf(least)), least);
});

describe("refused", () => {
    const text = textOf(BACKUP);
    const cases: [what: string, text: string, says: RegExp][] = [
        ["an empty file", "", /x\.json was cut off, or is no backup.* 0 bytes/],
        ["one that was cut off", text.slice(0, -400), /x\.json was cut off/],
        ["one that is no JSON", "{a}", /is no backup of cilium-spire: it is no JSON/],
        ["another JSON", '{"kind":"List"}', /is no backup of cilium-spire: it has no such "kind"/],
        ["a list", "[]", /it has no such "kind"/],
        ["a changed value", text.replace('"a.test"', '"b.test"'), /another checksum/],
        ["a changed checksum", text.replace(/"sha256": "./, '"sha256": "_'), /another checksum/],
        ["no checksum", text.replace('"sha256"', '"sha1"'), /is damaged.*sha256/],
        [
            "one of a newer program",
            text.replace('"format": 1', '"format": 2'),
            /has format 2, and this program knows formats up to 1/,
        ],
        ["one of no format", text.replace('"format": 1', '"format": 0'), /is no backup/],
    ];
    for (const [what, broken, says] of cases) {
        test(what, () => {
            assert.notEqual(broken, text);
            assert.throws(() => read(broken), says);
        });
    }

    /** With a right checksum: written by somebody who means it. */
    const forged = (change: object) => {
        const content = { ...BACKUP, ...change };
        const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
        return JSON.stringify({ ...(JSON.parse(text) as object), sha256, content });
    };
    const [entry] = BACKUP.entries;
    const contents: [what: string, change: object, says: RegExp][] = [
        [
            "an entry with a member that is not known",
            { entries: [{ ...entry, shape: 1 }] },
            /entries\.0/,
        ],
        ["an entry without selectors", { entries: [{ ...entry, selectors: [] }] }, /selectors/],
        [
            "an ID that SPIRE would not take",
            { entries: [{ ...entry, id: "a/b" }] },
            /entries\.0\.id/,
        ],
        [
            "an unknown profile",
            { federation: [{ ...BACKUP.federation[0], profile: "x" }] },
            /federation\.0\.profile/,
        ],
        [
            "an ID that would write to the terminal",
            { entries: [{ ...entry, spiffeId: "spiffe://demo.local/\u001b[2J" }] },
            /entries\.0\.spiffeId/,
        ],
        ["a time that is none", { takenAt: "yesterday" }, /takenAt/],
        ["a trust domain that is none", { trustDomain: "a b" }, /trustDomain/],
    ];
    for (const [what, change, says] of contents) {
        test(what, () => assert.throws(() => read(forged(change)), says));
    }
});
