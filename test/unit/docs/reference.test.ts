import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { reference } from "../../../docs/reference";

test("docs/reference.md is what the settings say", () => {
    const file = readFileSync(join(repositoryRoot, "docs", "reference.md"), "utf8");
    assert.equal(file, reference(), "stale: run npm run -s reference");
});

const rows = reference()
    .split("\n")
    .filter((line) => line.startsWith("| `"));

const rowOf = (key: string) => rows.filter((line) => line.startsWith(`| \`${key}\` |`)).join("\n");

test("a tag lists all variants, and a key says with which it is", () => {
    assert.match(
        rowOf("spire.server.datastore.type"),
        /`sqlite3`, `postgres` \| required \| `sqlite3`: A file .*<br>`postgres`: PostgreSQL/,
    );
    assert.match(rowOf("cilium.mode"), /`install`, `adopt` \| `"install"` \|/);
    assert.match(rowOf("cilium.chart"), /\| With `mode: install`: Where/);
    assert.doesNotMatch(rowOf("cilium.version"), /With `mode/);
    const { length } = rowOf("spire.server.upstreamAuthority.auth.mountPoint").split("\n");
    assert.equal(length, 3, "one for each default");
});

test("a key says which release brought it", () => {
    assert.match(rowOf("spire.agent.rebootstrapMode"), /Since SPIRE 1\.13\.0\. \|$/);
    assert.match(rowOf("spire.server.bundlePublisher"), /Since SPIRE 1\.12\.4: `k8s_configmap`\./);
    assert.match(rowOf("cilium.hubble.tls.method"), /`provided`: .* Since Cilium 1\.16\.0\./);
});

test("a group links to its table, which names its file", () => {
    assert.match(rowOf("spire.server.datastore"), /\[object by `type`\]\(#spireserverdatastore\)/);
    assert.match(
        reference(),
        /## `spire\.server\.datastore`\n\n.* Defined in \[settings\/spire\/datastore\.ts\]/,
    );
});

test("every key has a meaning", () => {
    assert.ok(rows.length > 50, `${rows.length} rows`);
    assert.deepEqual(
        rows.filter((line) => line.endsWith("|  |")),
        [],
    );
});
