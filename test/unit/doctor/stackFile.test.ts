import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ConfigError } from "../../../settings/decode";
import { settingsOfFile } from "../../../doctor/stackFile";
import { installed } from "../../support/installed";

let dir = "";
before(() => (dir = mkdtempSync(join(tmpdir(), "cilium-spire-stack-"))));
after(() => rmSync(dir, { recursive: true, force: true }));

/** The settings of a file with these lines beside the required ones. */
function read(...lines: string[]) {
    const file = join(dir, "Pulumi.x.yaml");
    const all = ["config:", "trustDomain: a.org", ...lines];
    writeFileSync(file, all.join("\n  cilium-spire:"));
    return settingsOfFile(file);
}

test("a file that pulumi config set wrote says the same as one that was written by hand", () => {
    const name = 'clusterName: "7"';
    assert.deepEqual(read(name, 'verify: "false"'), read("clusterName: 7", "verify: false"));
    assert.equal(read(name, 'mutualAuth: "false"').mutualAuth, false);
    assert.equal(read(name).clusterName, "7");
    assert.equal(read(name, "kubeContext: 7").kubeContext, "7");
    assert.equal(read(name, 'kubeContext: "true"').kubeContext, "true");
    const spire = (text: string) => installed(read(name, `spire: ${text}`)).spire.server.logLevel;
    assert.equal(spire(`'{"server":{"logLevel":"WARN"}}'`), "WARN");
    assert.equal(spire("{server: {logLevel: WARN}}"), "WARN");
});

test("a file says no more than it can", () => {
    assert.throws(() => settingsOfFile(join(dir, "none")), /none does not exist/);
    for (const text of ["", "config:", "encryptionsalt: x"]) {
        const file = join(dir, "Pulumi.empty.yaml");
        writeFileSync(file, text);
        assert.throws(() => settingsOfFile(file), /cilium-spire:trustDomain: is missing; set it/);
    }
});

test("what is encrypted is answered with what to do", () => {
    const name = "clusterName: c";
    const remedy =
        /^cilium-spire:\w+.*: is encrypted, .* write it with "pulumi config set --plaintext"/;
    for (const line of [
        "clusterName2: {secure: v1:x}",
        "verify: {secure: v1:x}",
        "spire: {server: {datastore: {user: {secure: v1:x}}}}",
    ]) {
        assert.throws(
            () => read(name, line),
            (error: Error) => error instanceof ConfigError && remedy.test(error.message),
        );
    }
});
