/** Pod templates: the one place that uses @pulumi/kubernetesx, for its maps of ports and volumes that come with a mount. */
import { createHash } from "node:crypto";
import type * as k8s from "@pulumi/kubernetes";
import * as kx from "@pulumi/kubernetesx";
import * as pulumi from "@pulumi/pulumi";

type Container = k8s.types.input.core.v1.Container;

export interface PodArgs {
    labels: Record<string, string>;
    /**
     * Text of the configuration that the pod reads at its start. Its checksum becomes an annotation, so that a change
     * rolls the pods: a ConfigMap that keeps its name does not.
     */
    configuration: string;
    /** The pod's spec. A mount may carry its volume: `{ volume: {...}, destPath: "/x" }`. */
    spec: kx.types.PodSpec;
}

/** A pod template: every volume of a mount once, however many containers mount it, and nothing empty. */
export function podTemplate(args: PodArgs): pulumi.Output<k8s.types.input.core.v1.PodTemplateSpec> {
    const checksum = createHash("sha256").update(args.configuration).digest("hex");
    const built = new kx.PodBuilder(args.spec).podSpec;
    return built.apply((spec) => ({
        metadata: {
            labels: args.labels,
            annotations: { "cilium-spire.io/config-checksum": checksum },
        },
        spec: withoutEmpty({
            ...spec,
            volumes: uniqueByName(spec.volumes as { name: string }[]),
            containers: (spec.containers as Container[]).map(withoutEmpty),
        }),
    }));
}

function uniqueByName<T extends { name: string }>(items: T[]): T[] {
    return [...new Map(items.map((item) => [item.name, item])).values()];
}

/** kubernetesx adds empty lists, which the API server drops and previews would show for ever. */
function withoutEmpty<T extends object>(object: T): T {
    const kept = Object.entries(object).filter(([, v]) => !(Array.isArray(v) && v.length === 0));
    return Object.fromEntries(kept) as T;
}
