/** Pod templates: the one place that uses @pulumi/kubernetesx, for its maps of ports and volumes that come with a mount. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
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
    /**
     * Port at which a Prometheus that looks for annotations finds metrics.
     * @default no annotations
     */
    annotatedPort?: number | undefined;
    /** The pod's spec. A mount may carry its volume: `{ volume: {...}, destPath: "/x" }`. */
    spec: kx.types.PodSpec;
}

/** A pod template: every volume of a mount once, however many containers mount it, and nothing empty. */
export function podTemplate(args: PodArgs): pulumi.Output<k8s.types.input.core.v1.PodTemplateSpec> {
    const checksum = sha256(args.configuration);
    const built = new kx.PodBuilder(args.spec).podSpec;
    return built.apply((spec) => ({
        metadata: {
            labels: args.labels,
            annotations: {
                "cilium-spire.io/config-checksum": checksum,
                ...(args.annotatedPort !== undefined && {
                    "prometheus.io/scrape": "true",
                    "prometheus.io/port": String(args.annotatedPort),
                    "prometheus.io/path": "/metrics",
                }),
            },
        },
        spec: withoutEmpty({
            ...spec,
            volumes: uniqueByName(spec.volumes as { name: string }[]),
            containers: (spec.containers as Container[]).map(withoutEmpty),
        }),
    }));
}

/** A short text that changes when the pods of a template are replaced. */
export function revisionOf(template: pulumi.Input<object>): pulumi.Output<string> {
    return pulumi.output(template).apply((plain) => sha256(JSON.stringify(plain, sorted)));
}

/** For JSON.stringify: what comes from the engine has its keys in any order. */
function sorted(_key: string, value: unknown): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
}

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

/** @throws Error when two mounts mean different volumes by one name: the second would be mounted as the first. */
function uniqueByName<T extends { name: string }>(items: T[]): T[] {
    const byName = new Map<string, T>();
    for (const item of items) {
        const first = byName.get(item.name) ?? item;
        if (!isDeepStrictEqual(first, item)) throw new Error(`two volumes are named ${item.name}`);
        byName.set(item.name, first);
    }
    return [...byName.values()];
}

/** Empty lists, of which kubernetesx adds some, and empty maps: the API server drops them, previews would show them for ever. */
function withoutEmpty<T extends object>(object: T): T {
    const kept = Object.entries(object).filter(
        ([, v]) => typeof v !== "object" || v === null || Object.keys(v as object).length > 0,
    );
    return Object.fromEntries(kept) as T;
}
