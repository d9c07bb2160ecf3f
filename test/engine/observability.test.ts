/** What an API server with prometheus-operator's CRDs says of the objects of observability. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { observabilityObjects } from "../../components/observability/objects";
import { dependencyDir } from "../../sandbox/build/binaries";
import { decodeSettings } from "../../settings/decode";
import { type ApiServer, startApiServer } from "../support/apiServer";

/** Its module has the CRDs; those of VictoriaMetrics' operator are in none that can be had. */
const OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0";
const CRDS = ["podmonitors", "prometheusrules"];

let api: ApiServer;

before(async () => {
    const [dir, server] = await Promise.all([dependencyDir(OPERATOR, tmpdir()), startApiServer()]);
    api = server;
    const files = CRDS.map((name) =>
        join(dir, "example", "prometheus-operator-crd", `monitoring.coreos.com_${name}.yaml`),
    );
    await api.kubectl(["apply", "--server-side", ...files.flatMap((file) => ["-f", file])]);
    const names = CRDS.map((name) => `crd/${name}.monitoring.coreos.com`);
    await api.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names]);
    await api.kubectl(["create", "namespace", "spire-system"]);
});
after(() => api.stop());

const objects = () =>
    observabilityObjects(
        decodeSettings({
            trustDomain: "example.org",
            clusterName: "east",
            spire: { agent: { hostNetwork: false } },
            observability: {
                scrape: "podMonitor",
                interval: "1m30s",
                labels: { release: "monitoring" },
                alerts: true,
                dashboard: true,
                allowedNamespaces: { "kubernetes.io/metadata.name": "monitoring" },
            },
        }),
    );

/** Refuses fields that the schema does not have, which an API server otherwise drops. */
const create = (all: object[]) => api.kubectl(["create", "--validate=strict", "-f", "-"], all);

test("each is admitted, with every field, and another writer may apply it", async () => {
    const all = objects();
    assert.equal(all.length, 8);
    await create(all);
    assert.deepEqual(await api.refusedFields(all), []);
});

test("a field that the schema lacks is refused", async () => {
    const [monitor] = objects();
    const other = { ...monitor!, metadata: { ...monitor!.metadata, name: "other" } };
    await assert.rejects(
        create([{ ...other, spec: { ...monitor!.spec, jobLable: "x" } }]),
        /unknown field "jobLable"/,
    );
});
