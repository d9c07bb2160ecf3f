/** The verbs backup and restore, on a cluster in memory: what is lost comes back, and nothing else changes. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Entry } from "@cilium-spire/entries-provider";
import { backupOf, textOf } from "../../../backup/document";
import { bundleWith } from "../../support/fakeFederation";
import { FakeSpire } from "../../support/fakeSpire";
import { entry, fill, give, lose, only, run } from "./scene";

const spire = FakeSpire.anew();
let dir: string;
let file: string;
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-restore-"));
});
beforeEach(async () => {
    file = join(await mkdtemp(join(dir, "case-")), "backup.json");
});
after(async () => {
    await rm(dir, { recursive: true });
});

test("what is lost comes back as it was, once", async () => {
    fill(spire);
    const { entries, federation } = spire;
    const taken = await run("backup", "dev", file);
    assert.deepEqual([taken.code, taken.errors.match(/\w.*Error.*/)], [0, null]);
    assert.match(
        taken.output,
        /backup\.json: demo\.local, SPIRE 1\.13\.3: registration entries: 6, federation relationships: 1, bundles of other trust domains: 1, agents: 2; no keys$/,
    );
    assert.equal((await stat(file)).mode & 0o777, 0o600);

    lose(spire);
    const tried = await run("restore", "dev", file, "--dry-run");
    assert.equal(tried.code, 0);
    assert.equal(spire.data.size + spire.federation.bundles.size, 0, "a dry run writes nothing");
    assert.match(tried.output, /^\+ bundle of other\.test$/m);
    assert.match(tried.output, /^\+ federation with other\.test: https:\/\/other\.test\/$/m);
    assert.match(tried.output, /^\+ entry shop: spiffe:\/\/demo\.local\/shop under /m);
    assert.match(tried.output, /^\+ ban of .*\/uid-b$/m);
    assert.match(tried.output, /^left out: 1, the stack's own/m);
    assert.match(tried.output, /^left out: 1, Cilium's identities/m);
    assert.match(
        tried.output,
        /^left out: 1, under agents of nodes that this cluster has not got.*\n {4}gone \(/m,
    );
    assert.match(tried.output, /^note: The server's CA is another than those in the backup\./m);
    assert.match(tried.output, /^6 to write, 0 there already$/m);

    const restored = await run("restore", "dev", file);
    assert.equal(restored.code, 0, restored.errors);
    assert.match(restored.output, /^restored: 6 written, and read back$/m);
    const kept = ["alias", "everything", "shop"];
    assert.deepEqual(
        spire.entries.sort((a, b) => (a.id < b.id ? -1 : 1)),
        entries.filter(({ id }) => kept.includes(id)),
    );
    assert.deepEqual(spire.federation.bundles, federation.bundles);
    assert.deepEqual(spire.federation.relationships, federation.relationships);
    assert.equal(spire.agents.get("uid-b")!.banned, true);

    const again = await run("restore", "dev", file);
    assert.equal(again.code, 0);
    assert.match(again.output, /^0 to write, 6 there already$/m);
    assert.doesNotMatch(again.output, /^restored/m);
});

test("an entry with rights says so before it is written", async () => {
    fill(spire);
    await run("backup", "dev", file);
    lose(spire);
    const { output } = await run("restore", "dev", file, "--dry-run");
    assert.match(output, /^\+ entry everything: .*, ADMIN, DOWNSTREAM$/m);
    assert.match(output, /^\+ entry shop: .*uid-a$/m);
});

test("1,000 entries come back in batches that SPIRE takes", async () => {
    for (let i = 0; i < 1000; i++) give(spire, entry({ id: `e${i}`, selectors: [`k8s:ns:${i}`] }));
    assert.equal((await run("backup", "dev", file)).code, 0);
    lose(spire);
    spire.batches = [];
    const { code, errors } = await run("restore", "dev", file);
    assert.equal(code, 0, errors);
    assert.deepEqual(spire.batches, [500, 500]);
    assert.equal(spire.entries.length, 1000);
});

describe("what the server has with other content", () => {
    beforeEach(async () => {
        fill(spire);
        assert.equal((await run("backup", "dev", file)).code, 0);
        lose(spire);
        give(spire, entry({ id: "shop", hint: "edited" }));
        const ours = { trustDomain: "other.test", bundleEndpointURL: "https://new.test/" };
        spire.federation.relationships.set("other.test", {
            ...ours,
            bundleEndpointProfile: "https_web",
        });
        spire.federation.bundles.set("other.test", bundleWith("their new CA"));
    });

    test("is told, and nothing is written", async () => {
        const { code, output } = await run("restore", "dev", file);
        assert.equal(code, 1);
        assert.match(output, /^2 in the way, so nothing is written; --conflicts keep/m);
        assert.match(output, /^ {4}shop \(.*\): the server's shop differs in hint$/m);
        assert.match(output, /^ {4}federation with other\.test: https:\/\/new\.test\/ here/m);
        assert.deepEqual(spire.entries, [entry({ id: "shop", hint: "edited" })]);
    });

    test("stays with --conflicts keep, and the rest comes back", async () => {
        const { code, errors } = await run("restore", "dev", file, "--conflicts", "keep");
        assert.equal(code, 0, errors);
        assert.equal(byId("shop").hint, "edited");
        assert.ok(byId("alias"));
        assert.equal(urlOfOther(), "https://new.test/");
    });

    test("is set back with --conflicts overwrite, but never a bundle, which may be newer", async () => {
        const { code, output, errors } = await run(
            "restore",
            "dev",
            file,
            "--conflicts",
            "overwrite",
        );
        assert.equal(code, 0, errors);
        assert.match(output, /^~ entry shop: /m);
        assert.equal(byId("shop").hint, undefined);
        assert.equal(urlOfOther(), "https://other.test/");
        assert.deepEqual(spire.federation.bundles.get("other.test"), bundleWith("their new CA"));
        assert.match(
            output,
            /^note: The server has another bundle of other\.test than the backup; it stays\.$/m,
        );
    });
});

test("a banned agent that the server does not know is told", async () => {
    fill(spire);
    await run("backup", "dev", file);
    spire.agents.delete("uid-b");
    const { code, output } = await run("restore", "dev", file);
    assert.equal(code, 0);
    assert.match(
        output,
        /^left out: 1, banned agents that the server does not know.*\n {4}spiffe:.*uid-b$/m,
    );
});

describe("refused before anything is written", () => {
    const cases: [what: string, prepare: () => unknown, says: RegExp][] = [
        ["a file that is not there", () => rm(file), /backup\.json does not exist; name a file/],
        [
            "a file that was cut off",
            async () => writeFile(file, (await readFile(file, "utf8")).slice(0, 300)),
            /was cut off/,
        ],
        [
            "a server of another trust domain",
            () =>
                void (spire.interfere = only("bundle show", {
                    stdout: '{"trust_domain":"x.test","keys":[]}',
                })),
            /serves the trust domain x\.test, and the configuration says demo\.local/,
        ],
    ];
    for (const [what, prepare, says] of cases) {
        test(what, async () => {
            fill(spire);
            await run("backup", "dev", file);
            lose(spire);
            await prepare();
            const { code, errors } = await run("restore", "dev", file);
            assert.equal(code, 2);
            assert.match(errors, says);
            assert.equal(spire.data.size, 0);
        });
    }
    test("a backup of another trust domain", async () => {
        await run("backup", "dev", file);
        const kept = backupOf(await readFile(file, "utf8"), file);
        await writeFile(file, textOf({ ...kept, trustDomain: "other.test" }));
        const { code, errors } = await run("restore", "dev", file);
        assert.equal(code, 2);
        assert.match(
            errors,
            /the backup is of the trust domain other\.test, and the stack's is demo\.local/,
        );
    });
});

describe("a backup", () => {
    test("leaves a file that is there, before the cluster is asked", async () => {
        await writeFile(file, "mine");
        const { code, errors } = await run("backup", "dev", file);
        assert.equal(code, 2);
        assert.match(errors, /is there already: name another file, or replace it by --force/);
        assert.equal(await readFile(file, "utf8"), "mine");
        assert.equal((await run("backup", "dev", file, "--force")).code, 0);
    });

    test("writes nothing when the server fails in the middle", async () => {
        spire.interfere = only("entry show", { code: 1, stderr: "out of memory" });
        const { code, errors } = await run("backup", "dev", file);
        assert.equal(code, 2);
        assert.match(errors, /spire-server entry show in pod .* ended with 1: out of memory/);
        await assert.rejects(stat(file), /ENOENT/);
    });
});

test("what SPIRE refuses is told by name, and the next restore does the rest", async () => {
    fill(spire);
    await run("backup", "dev", file);
    lose(spire);
    const status = { code: 3, message: "it is Monday" };
    spire.interfere = only("entry create", { stdout: JSON.stringify({ results: [{ status }] }) });
    const { code, errors } = await run("restore", "dev", file);
    assert.equal(code, 2);
    assert.match(errors, /SPIRE refused 3 registration entries: .*it is Monday/);
    spire.interfere = () => undefined;
    assert.equal((await run("restore", "dev", file)).code, 0);
    assert.ok(byId("shop"));
});

function byId(id: string): Entry {
    return spire.entries.find((one) => one.id === id)!;
}

function urlOfOther(): string {
    return spire.federation.relationships.get("other.test")!.bundleEndpointURL;
}
