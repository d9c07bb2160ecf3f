/** Flux's part of a rendering: a Kustomization for each stage. */
import type { Settings } from "../settings/schema";
import type { Manifest, Stage } from "./manifest";

/** How long Flux waits for a stage to be healthy, before it says that it is not. */
const TIMEOUT = "5m";
/** After a failure, also of a health check. */
const RETRY_INTERVAL = "1m";

/** The kinds that say by themselves whether they are healthy. */
const CHECKED = ["DaemonSet", "Deployment", "Job", "StatefulSet"];

/** What Flux is told, stage by stage. */
export function kustomizations(stages: readonly Stage[], settings: Settings): Manifest[] {
    const { path, suspend, flux } = settings.gitops;
    return stages.map((stage) => ({
        apiVersion: "kustomize.toolkit.fluxcd.io/v1",
        kind: "Kustomization",
        metadata: { name: nameOf(stage.name), namespace: flux.namespace },
        spec: {
            ...(stage.after.length > 0 && {
                dependsOn: stage.after.map((name) => ({ name: nameOf(name) })),
            }),
            sourceRef: { kind: flux.sourceKind, name: flux.sourceName },
            path: `./${path}/${stage.folder}`,
            interval: flux.interval,
            retryInterval: RETRY_INTERVAL,
            timeout: TIMEOUT,
            prune: true,
            // What happens when this Kustomization itself goes: the counterpart of a refused `pulumi destroy`.
            deletionPolicy: settings.protect ? "Orphan" : "WaitForTermination",
            suspend,
            healthChecks: stage.objects
                .filter(({ kind }) => CHECKED.includes(kind))
                .map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
                    ...{ apiVersion, kind, name },
                    ...(namespace !== undefined && { namespace }),
                })),
        },
    }));
}

function nameOf(stage: string): string {
    return `cilium-spire-${stage}`;
}
