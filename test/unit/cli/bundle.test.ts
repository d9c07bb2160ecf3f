/** A support bundle that cannot be made leaves no file, which would be in the way of the next one. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { useFakeCluster } from "../../support/fakeCluster";

/** Knows no Cilium: there is nothing to examine. */
const cluster = useFakeCluster(() => ({ kind: "List", items: [] }));

test("of a cluster that cannot be examined nothing is left; a file that was there stays", async () => {
    const file = join(cluster.dir, "support.tgz");
    const argv = [join(repositoryRoot, "cli", "run.js"), "doctor", "--bundle", file];
    const first = await execa("node", argv, { reject: false });
    assert.equal(first.exitCode, 2, first.stderr);
    assert.match(first.stderr, /has no Cilium/);
    assert.equal(existsSync(file), false);
    await writeFile(file, "theirs");
    const second = await execa("node", argv, { reject: false });
    assert.match(second.stderr, /support\.tgz exists already; name another file/);
    assert.equal(existsSync(file), true);
});
