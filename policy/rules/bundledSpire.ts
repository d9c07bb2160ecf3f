/** One SPIRE, and not the one that Cilium's chart brings. */
import { fieldsAt, objectOf, podOf, textAt } from "../kubernetes";
import type { Resource, ResourceRule } from "../rule";

const REMEDY = `set authentication.mutual.spire.install.enabled: false and run a SPIRE of your own`;
const REASON = `has the SPIRE of Cilium's chart, whose server has one replica, no backup and no upgrade of its own`;

/** Namespace that the chart has for it. */
const NAMESPACE = "cilium-spire";

export const bundledSpireOff: ResourceRule<object> = {
    name: "bundled-spire-off",
    description: "Cilium's chart does not install its own SPIRE.",
    properties: {},
    defaults: {},
    check: (resource) => {
        if (/^kubernetes:helm\.sh\/v\d:/.test(resource.type)) return release(resource);
        const object = objectOf(resource);
        const pod = object && podOf(object);
        if (!pod) return [];
        // The labels of the chart; SPIRE's own chart has others.
        const hasLabel = ["spire-server", "spire-agent"].includes(pod.labels.app ?? "");
        const isOfChart = resource.urn.includes("kubernetes:helm.sh/");
        if (!hasLabel || !(isOfChart || object.namespace === NAMESPACE)) return [];
        return [`${object.title}: ${REASON}; ${REMEDY}`];
    },
};

/** A release shows its values, and not the objects that Helm makes of them. */
function release({ urn, props }: Resource): string[] {
    if (!/(?:^|\/)cilium(?:-[\d.]+\.tgz)?$/.test(textAt(props, "chart") ?? "")) return [];
    const values = fieldsAt(props, "values");
    const mutual = fieldsAt(values, "authentication", "mutual", "spire");
    // The chart's own default of install.enabled is true.
    if (mutual.enabled !== true || fieldsAt(mutual, "install").enabled === false) return [];
    return [`Helm release ${urn.split("::").at(-1)!}: values: ${REASON}; ${REMEDY}`];
}
