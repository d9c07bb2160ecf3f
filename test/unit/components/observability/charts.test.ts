/** What monitors look for at Cilium's pods, in the charts of all supported versions, rendered by the real Helm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { releaseValues } from "../../../../components/cilium/chartValues";
import { monitorObjects } from "../../../../components/observability/monitors";
import { decodeSettings } from "../../../../settings/decode";
import { isOperated } from "../../../../settings/observability";
import { ensureChart } from "../../../../sandbox/build/binaries";
import { CHART_VERSIONS, template } from "../../../support/helm";
import { argsWith } from "../cilium/fixtures";

interface Workload {
    kind: string;
    spec: {
        template: {
            metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
            spec: { containers: { ports?: { name: string }[] }[] };
        };
    };
}

interface Monitor {
    jobLabel: string;
    selector: { matchLabels: Record<string, string> };
    podMetricsEndpoints: { port: string }[];
}

const settings = decodeSettings({
    trustDomain: "example.org",
    clusterName: "east",
    observability: { scrape: "podMonitor" },
});
const { observability } = settings;
assert.ok(isOperated(observability));
const monitors = monitorObjects(settings, observability).filter(
    ({ metadata }) => metadata.namespace === "kube-system",
);

for (const version of CHART_VERSIONS) {
    test(`chart ${version}: each monitor finds one kind of pod, with the port that it asks for`, async () => {
        const text = await template(
            await ensureChart(version),
            releaseValues(argsWith({ version }, { scraped: true })),
        );
        const pods = parseAllDocuments(text)
            .map((document) => document.toJS() as Workload | null)
            .filter((object) => /^(DaemonSet|Deployment)$/.test(object?.kind ?? ""))
            .map((object) => object!.spec.template);
        for (const { metadata, spec } of monitors) {
            const { jobLabel, selector, podMetricsEndpoints } = spec as Monitor;
            const wanted = Object.entries(selector.matchLabels);
            const found = pods.filter((pod) =>
                wanted.every(([key, value]) => pod.metadata.labels[key] === value),
            );
            assert.equal(found.length, 1, metadata.name);
            const [pod] = found;
            assert.equal(pod!.metadata.labels[jobLabel], metadata.name);
            // For whoever scrapes by annotations.
            assert.equal(pod!.metadata.annotations?.["prometheus.io/scrape"], "true");
            const ports = pod!.spec.containers.flatMap((container) => container.ports ?? []);
            const [{ port }] = podMetricsEndpoints as [{ port: string }];
            assert.equal(ports.filter(({ name }) => name === port).length, 1, metadata.name);
        }
        assert.equal(monitors.length, 2);
    });
}
