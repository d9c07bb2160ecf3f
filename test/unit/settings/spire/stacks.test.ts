/** The stack files of the repository are configurations that the program accepts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { decodeSettings } from "../../../../settings/decode";
import type { InstallStack } from "../../../../settings/schema";
import { repositoryRoot } from "../../../../sandbox/host/paths";
import { installed } from "../../../support/installed";

function settingsOf(stack: string): InstallStack {
    const text = readFileSync(join(repositoryRoot, `Pulumi.${stack}.yaml`), "utf8");
    const { config } = parse(text) as { config: Record<string, unknown> };
    const prefix = "cilium-spire:";
    const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
    const raw = Object.fromEntries(own.map(([k, v]) => [k.slice(prefix.length), v]));
    return installed(decodeSettings(raw));
}

test("the sandbox's stack is accepted", () => {
    assert.equal(settingsOf("dev").spire.server.replicas, 1);
});

test("the production stack survives the loss of a server, and keeps server and agents apart", () => {
    const { server, agent } = settingsOf("prod").spire;
    assert.ok(server.replicas >= 3);
    assert.equal(server.datastore.type, "postgres");
    assert.notEqual(server.namespace, agent.namespace);
});

test("the production stack is safe as it stands, and the sandbox's can be destroyed", () => {
    const { protect, registration, cilium } = settingsOf("prod");
    assert.ok(protect);
    assert.ok(Object.keys(registration.operatorNodeLabels).length > 0);
    assert.ok(cilium.mode === "install" && cilium.encryption.type !== "none");
    assert.equal(settingsOf("dev").protect, false);
});
