/** What the preflight asks of a cluster for the sake of observability. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { requireObservability } from "../../../doctor/observability";
import { decodeSettings } from "../../../settings/decode";
import { useFakeCluster } from "../../support/fakeCluster";

/** Answers by path. */
let cluster: Record<string, object> = {};

useFakeCluster((path) => cluster[path]);
beforeEach(() => {
    cluster = {};
});

const VICTORIA = "/apis/operator.victoriametrics.com/v1beta1";
const CONFIG = "/api/v1/namespaces/kube-system/configmaps/cilium-config";
const VM = { scrape: "vmPodScrape", alerts: true };

async function examine(observability: object, cilium: object = {}): Promise<void> {
    const stack = { trustDomain: "example.org", clusterName: "east", observability, cilium };
    await requireObservability(new Cluster(), decodeSettings(stack));
}

test("nothing is asked of a cluster that nobody watches", async () => {
    await examine({ dashboard: true }, { mode: "adopt" });
});

test("an operator that is not there is named, with what is missing of it", async () => {
    await assert.rejects(
        examine(VM),
        /observability\.scrape = "vmPodScrape", but the cluster knows no VMPodScrape and no VMRule of operator\.victoriametrics\.com\/v1beta1; install/,
    );
    cluster = { [VICTORIA]: { resources: [{ kind: "VMPodScrape" }] } };
    await assert.rejects(examine(VM), /knows no VMRule of/);
    await examine({ ...VM, alerts: false });
    cluster = { [VICTORIA]: { resources: [{ kind: "VMPodScrape" }, { kind: "VMRule" }] } };
    await examine(VM);
});

test("the group alone, in which the kinds are not, is not enough", async () => {
    await assert.rejects(
        examine({ scrape: "podMonitor" }),
        /knows no PodMonitor of monitoring\.coreos\.com\/v1/,
    );
});

test("an adopted Cilium must serve its metrics, where they are wanted", async () => {
    const adopt = { mode: "adopt" };
    const annotations = { scrape: "annotations" };
    cluster = { [CONFIG]: { data: { "operator-prometheus-serve-addr": ":9963" } } };
    await assert.rejects(
        examine(annotations, adopt),
        /observability\.cilium: the Cilium in namespace kube-system serves no metrics; set prometheus\.enabled=true in its release, or observability\.cilium to false/,
    );
    await examine({ ...annotations, cilium: false }, adopt);
    await examine(annotations);
    const data = { "prometheus-serve-addr": ":9962", "operator-prometheus-serve-addr": ":9963" };
    cluster = { [CONFIG]: { data } };
    await examine(annotations, adopt);
});
