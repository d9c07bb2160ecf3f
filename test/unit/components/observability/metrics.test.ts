/** Every metric that alerts and dashboard name is one that SPIRE or Cilium has: their sources say so. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { gte } from "semver";
import { AUTH_DROP, METRICS } from "../../../../components/observability/metrics";
import { dependencyDir } from "../../../../sandbox/build/binaries";
import { SINCE } from "../../../../versions/spire";
import { tmpdir } from "node:os";

const SPIRE = ["1.10.4", "1.13.3", "1.14.5", "1.15.3"];
const CILIUM = ["1.15.7", "1.16.5", "1.17.0", "1.18.4", "1.19.6", "1.20.2"];

/** What releases that lack it are, if any do. */
const BROUGHT: Record<string, string> = {
    [METRICS.caExpiration]: SINCE.caExpirationMetric,
};

const moduleDir = (path: string, version: string) =>
    // Outside of any module, so that the version asked for is not the one of our go.mod.
    dependencyDir(`${path}@v${version}`, tmpdir());

const named = (prefix: string) =>
    Object.values(METRICS).filter((metric) => metric.startsWith(prefix));

for (const version of SPIRE) {
    describe(`SPIRE ${version}`, () => {
        let dir = "";
        let emitted = new Set<string>();
        before(async () => {
            dir = await moduleDir("github.com/spiffe/spire", version);
            emitted = new Set([...telemetryKeys(dir), ...rpcKeys(dir)]);
        });

        for (const metric of [...named("spire_server_"), ...named("spire_agent_")]) {
            const release = BROUGHT[metric];
            const has = release === undefined || gte(version, release);
            test(`${has ? "has" : "does not have"} ${metric}`, () => {
                assert.equal(emitted.has(metric.replace(/^spire_(server|agent)_/, "")), has);
            });
        }
    });
}

for (const version of CILIUM) {
    test(`Cilium ${version} has the metrics, and their labels`, async () => {
        const dir = await moduleDir("github.com/cilium/cilium", version);
        const source = (path: string) => readFileSync(join(dir, path), "utf8");
        const metrics = source("pkg/metrics/metrics.go");
        const value = (label: string) => /"(.*)"/.exec(label)![1]!;
        assert.match(
            source("pkg/maps/metricsmap/metricsmap.go"),
            /Namespace, "", "drop_count_total"/,
        );
        assert.match(metrics, /LabelDropReason = "reason"/);
        assert.ok(source("pkg/monitor/api/drop.go").includes(`189: "${value(AUTH_DROP)}"`));
        const gc = source("operator/identitygc/metrics.go");
        assert.match(
            gc,
            /Namespace: +metrics\.CiliumOperatorNamespace,\n\t+Name: +"identity_gc_entries"/,
        );
        assert.match(gc, /LabelStatus = "status"/);
        assert.match(gc, /LabelValueOutcomeAlive = "alive"/);
        assert.match(metrics, /CiliumOperatorNamespace = "cilium_operator"/);
        assert.deepEqual(named("cilium_").sort(), [
            "cilium_drop_count_total",
            "cilium_operator_identity_gc_entries",
        ]);
    });
}

/** Every list of keys in SPIRE's telemetry packages, joined as its sink for Prometheus joins them. */
function telemetryKeys(dir: string): string[] {
    const root = join(dir, "pkg/common/telemetry");
    const names = readFileSync(join(root, "names.go"), "utf8");
    const words = new Map(
        [...names.matchAll(/^\t(\w+) += "(.*)"$/gm)].map(([, name, word]) => [name!, word!]),
    );
    const texts = globSync("**/*.go", { cwd: root })
        .filter((file) => !file.endsWith("_test.go"))
        .map((file) => readFileSync(join(root, file), "utf8"));
    return texts
        .flatMap((text) => [...text.matchAll(/(?:StartCall\(m, |\[\]string\{)([^)}]*)[)}]/g)])
        .map(([, list]) =>
            list!
                .split(",")
                .map((key) => {
                    const word = /telemetry\.(\w+)/.exec(key)?.[1] ?? key.trim();
                    return words.get(word) ?? /"(.*)"/.exec(key)?.[1] ?? word;
                })
                .join("_"),
        );
}

/** The names of calls, by the methods that the services have. */
function rpcKeys(dir: string): string[] {
    const services = {
        agent_v1_agent: "pkg/server/api/agent/v1/service.go",
        entry_v1_entry: "pkg/server/api/entry/v1/service.go",
        svid_v1_svid: "pkg/server/api/svid/v1/service.go",
        delegated_identity: "pkg/agent/api/delegatedidentity/v1/service.go",
    };
    return Object.entries(services).flatMap(([service, file]) =>
        [...readFileSync(join(dir, file), "utf8").matchAll(/^func \(s \*Service\) (\w+)\(/gm)].map(
            ([, method]) => `rpc_${service}_${metricKey(method!)}`,
        ),
    );
}

/** What pkg/common/api/middleware/names.go makes of a method's name, with its one exception. */
function metricKey(method: string): string {
    if (method === "SubscribeToX509SVIDs") return "subscribe_to_x509_svids";
    return method.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])/g, "_").toLowerCase();
}
