/** What observability sends to the engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ciliumArgs } from "../../../components/cilium/args";
import { releaseValues } from "../../../components/cilium/chartValues";
import { observe } from "../../../components/observability/observability";
import { Agent } from "../../../components/spire/agent";
import { agentArgs, serverArgs } from "../../../components/spire/args";
import { Server } from "../../../components/spire/server";
import { decodeSettings } from "../../../settings/decode";
import type { Settings } from "../../../settings/schema";
import { only, type Registered, registered } from "../cilium/mocks";
import { at } from "../spire/render";
import { installed } from "../../support/installed";

const settingsOf = (observability: object, others: object = {}): Settings =>
    decodeSettings({ trustDomain: "example.org", clusterName: "east", observability, ...others });

const made = (observability: object, others?: object): Promise<Registered[]> =>
    registered(() => observe("observability", settingsOf(observability, others), {}));

const kindsOf = (all: Registered[]) =>
    all.map(({ type, name }) => `${type.split(":").at(-1)!}/${name}`).sort();

test("by default nothing at all", async () => {
    assert.deepEqual(await made({}), []);
});

test("with an operator: a monitor for each kind of pod, and the alerts", async () => {
    const labels = { release: "monitoring" };
    const all = await made({ scrape: "podMonitor", alerts: true, labels });
    assert.deepEqual(kindsOf(all), [
        "Observability/observability",
        "PodMonitor/cilium-agent",
        "PodMonitor/cilium-operator",
        "PodMonitor/spire-agent",
        "PodMonitor/spire-server",
        "PrometheusRule/cilium-spire",
    ]);
    for (const { name, inputs, parent } of all.filter(({ parent }) => parent)) {
        assert.equal(parent, "observability");
        assert.deepEqual(at(inputs, "metadata.labels"), labels, name);
        const namespace =
            name.includes("cilium-") && name !== "cilium-spire" ? "kube-system" : "spire-system";
        assert.equal(at(inputs, "metadata.namespace"), namespace, name);
    }
});

test("with VictoriaMetrics' operator: its kinds and its words", async () => {
    const all = await made({ scrape: "vmPodScrape", alerts: true, cilium: false, interval: "1m" });
    assert.deepEqual(kindsOf(all), [
        "Observability/observability",
        "VMPodScrape/spire-agent",
        "VMPodScrape/spire-server",
        "VMRule/cilium-spire",
    ]);
    const [monitor] = all.filter(({ name }) => name === "spire-agent");
    assert.deepEqual(monitor!.inputs.spec, {
        jobLabel: "app.kubernetes.io/name",
        selector: { matchLabels: { "app.kubernetes.io/name": "spire-agent" } },
        podMetricsEndpoints: [
            {
                port: "metrics",
                path: "/metrics",
                interval: "1m",
                relabelConfigs: [
                    {
                        sourceLabels: ["__meta_kubernetes_pod_node_name"],
                        targetLabel: "node",
                        action: "replace",
                    },
                ],
            },
        ],
    });
});

test("links of alerts lead to the runbooks", async () => {
    const runbooks = "https://wiki.example.org/alerts.md";
    const all = await made({ scrape: "podMonitor", alerts: true, runbooks });
    const rule = only(all, "kubernetes:monitoring.coreos.com/v1:PrometheusRule");
    assert.equal(
        at(rule.inputs, "spec.groups.0.rules.0.annotations.runbook_url"),
        `${runbooks}#spireserverdown`,
    );
});

test("without mutual authentication there are no alerts about it", async () => {
    const alerts = { scrape: "podMonitor", alerts: true };
    const names = async (others: object) => {
        const rule = only(
            await made(alerts, others),
            "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
        );
        const rules = at(rule.inputs, "spec.groups.0.rules") as { alert: string }[];
        return rules.map(({ alert }) => alert);
    };
    assert.ok((await names({})).includes("SPIREDelegateMissing"));
    const off = await names({ mutualAuth: false });
    assert.ok(off.includes("SPIREServerDown"));
    assert.ok(!off.some((name) => /Delegate|Operator|Entries|Cilium/.test(name)), off.join());
});

test("the dashboard is a ConfigMap with the sidecar's labels", async () => {
    const all = await made({ dashboard: true, dashboardLabels: { dashboards: "yes" } });
    const { inputs } = only(all, "kubernetes:core/v1:ConfigMap");
    assert.deepEqual(at(inputs, "metadata.labels"), { dashboards: "yes" });
    const [text] = Object.values(inputs.data as Record<string, string>);
    assert.equal((JSON.parse(text!) as { uid: string }).uid, "cilium-spire");
});

test("NetworkPolicies leave open what has a lock of its own", async () => {
    const allowed = { allowedNamespaces: { team: "watch" } };
    const onHost = await made(allowed);
    assert.deepEqual(kindsOf(onHost), [
        "NetworkPolicy/spire-server",
        "Observability/observability",
    ]);
    const from = [{ namespaceSelector: { matchLabels: { team: "watch" } } }];
    const { inputs } = only(onHost, "kubernetes:networking.k8s.io/v1:NetworkPolicy");
    assert.deepEqual(at(inputs, "spec.ingress"), [
        { ports: [{ port: 8081, protocol: "TCP" }] },
        { from, ports: [{ port: 9988, protocol: "TCP" }] },
    ]);
    const inPods = await made(allowed, {
        spire: { agent: { hostNetwork: false, metricsPort: 9999 } },
    });
    const [ofAgents] = inPods.filter(({ name }) => name === "spire-agent");
    assert.deepEqual(at(ofAgents!.inputs, "spec.ingress"), [
        { from, ports: [{ port: 9999, protocol: "TCP" }] },
    ]);
});

test("an installed Cilium gets its metrics switched on where somebody scrapes them", () => {
    const values = (observability: object) => {
        const { cilium, ...settings } = settingsOf(observability);
        assert.ok(cilium.mode === "install");
        const { prometheus, operator } = releaseValues(ciliumArgs({ ...settings, cilium }));
        return { prometheus, operator };
    };
    const annotations = {
        "config.kubernetes.io/depends-on": "/namespaces/kube-system/ConfigMap/cilium-config",
    };
    const off = { prometheus: undefined, operator: { annotations, rollOutPods: true } };
    const prometheus = { enabled: true };
    const on = { prometheus, operator: { annotations, rollOutPods: true, prometheus } };
    assert.deepEqual(values({}), off);
    assert.deepEqual(values({ scrape: "annotations" }), on);
    assert.deepEqual(values({ scrape: "podMonitor" }), on);
    assert.deepEqual(values({ scrape: "podMonitor", cilium: false }), off);
});

test("annotations stand at the pods, and nothing else does then", async () => {
    const settings = settingsOf(
        { scrape: "annotations" },
        { spire: { agent: { metricsPort: 9999 } } },
    );
    assert.deepEqual(await registered(() => observe("observability", settings, {})), []);
    const all = await registered(() => {
        new Server("spire", serverArgs(installed(settings)));
        new Agent("spire", agentArgs(installed(settings)));
    });
    const portOf = (type: string) =>
        at(only(all, `kubernetes:apps/v1:${type}`).inputs, "spec.template.metadata.annotations");
    const annotations = (port: string) => ({
        "prometheus.io/scrape": "true",
        "prometheus.io/port": port,
        "prometheus.io/path": "/metrics",
    });
    const withoutChecksum = (found: unknown) => {
        const { "cilium-spire.io/config-checksum": _, ...rest } = found as Record<string, string>;
        return rest;
    };
    assert.deepEqual(withoutChecksum(portOf("StatefulSet")), annotations("9988"));
    assert.deepEqual(withoutChecksum(portOf("DaemonSet")), annotations("9999"));
});
