/** An option is two files: that of the settings, and the one that writes it (CONTRIBUTING.md, "Add an option"). */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../sandbox/host/paths";

const SHIPPED = "{versions,settings,components,doctor,entries-provider/src}/**/*.ts";
const sources = [...globSync([SHIPPED, "*.ts"], { cwd: repositoryRoot })].map((file) => ({
    file,
    words: new Set(readFileSync(join(repositoryRoot, file), "utf8").split(/\W+/)),
}));

const options: Record<string, [settings: string, writer: string]> = {
    auditLog: ["settings/spire/server.ts", "components/spire/serverConf.ts"],
    // One that needs a release.
    pruneAttestedNodesExpiredFor: ["settings/spire/server.ts", "components/spire/serverConf.ts"],
    // One of the objects.
    podManagementPolicy: ["settings/spire/server.ts", "components/spire/server.ts"],
    // One whose place in the configuration depends on the release.
    x509SvidCacheMaxSize: ["settings/spire/agent.ts", "components/spire/agentConf.ts"],
    // One of Cilium, where the keys below authentication are the chart's own.
    rotatedIdentitiesQueueSize: [
        "settings/cilium/authentication.ts",
        "components/cilium/meshAuthConfig.ts",
    ],
};

for (const [option, files] of Object.entries(options)) {
    test(`${option} is known to two files`, () => {
        const found = sources.filter(({ words }) => words.has(option)).map(({ file }) => file);
        assert.deepEqual(found.sort(), [...files].sort());
    });
}
