import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { settingsOfFile } from "../../../doctor/stackFile";

test("a file that pulumi config set wrote says the same as one that was written by hand", () => {
    const dir = mkdtempSync(join(tmpdir(), "cilium-spire-stack-"));
    const read = (verify: string) => {
        const file = join(dir, "Pulumi.x.yaml");
        const lines = ["config:", "trustDomain: a.org", 'clusterName: "7"', `verify: ${verify}`];
        writeFileSync(file, lines.join("\n  cilium-spire:"));
        return settingsOfFile(file);
    };
    try {
        assert.deepEqual(read('"false"'), read("false"));
        assert.equal(read("false").verify, false);
        assert.equal(read("false").clusterName, "7");
        assert.throws(() => settingsOfFile(join(dir, "none")), /none does not exist/);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
});
