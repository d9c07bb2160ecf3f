/** What tells an operator to scrape SPIRE and Cilium. */
import type { OperatedSettings } from "../../settings/observability";
import type { Settings } from "../../settings/schema";
import { AGENT_NAME, CILIUM, SERVER_NAME } from "../names";
import { AGENT_LABELS } from "../spire/agentPod";
import { SERVER_LABELS } from "../spire/serverPod";
import { KINDS, type PlainObject } from "./kinds";

interface Target {
    name: string;
    namespace: string;
    pods: Record<string, string>;
    /** Name of the container's port. */
    port: string;
}

/** The label of pods whose value becomes the label `job`; all four have it. */
const JOB_LABEL = "app.kubernetes.io/name";

/**
 * A monitor for each kind of pod, in the namespace of the pods, so that no operator has to look across namespaces. Every
 * series gets the labels `job`, `namespace`, `pod` and `node`, on which the alerts rely.
 */
export function monitorObjects(settings: Settings, observability: OperatedSettings): PlainObject[] {
    const { apiVersion, monitor, relabelings } = KINDS[observability.scrape];
    const { labels, interval } = observability;
    return targets(settings, observability).map(({ name, namespace, pods, port }) => ({
        apiVersion,
        kind: monitor,
        metadata: { name, namespace, labels },
        spec: {
            jobLabel: JOB_LABEL,
            selector: { matchLabels: pods },
            podMetricsEndpoints: [
                {
                    port,
                    path: "/metrics",
                    interval,
                    [relabelings]: [
                        {
                            sourceLabels: ["__meta_kubernetes_pod_node_name"],
                            targetLabel: "node",
                            // The default, which the API server would fill in: it compares such a list as a whole.
                            action: "replace",
                        },
                    ],
                },
            ],
        },
    }));
}

function targets({ spire, cilium }: Settings, observability: OperatedSettings): Target[] {
    const { server, agent } = spire;
    const ofSpire = [
        { name: SERVER_NAME, namespace: server.namespace, pods: SERVER_LABELS, port: "metrics" },
        { name: AGENT_NAME, namespace: agent.namespace, pods: AGENT_LABELS, port: "metrics" },
    ];
    if (!observability.cilium) return ofSpire;
    // The names of labels and port are those of the charts of 1.15 to 1.20 (test/unit/components/cilium/charts.test.ts).
    const common = { namespace: cilium.namespace, port: "prometheus" };
    return [
        ...ofSpire,
        { ...common, name: CILIUM.agentContainer, pods: { "k8s-app": "cilium" } },
        { ...common, name: CILIUM.operatorDeployment, pods: { "io.cilium/app": "operator" } },
    ];
}
