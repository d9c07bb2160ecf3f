/** Argo CD's part of a rendering: an ApplicationSet, and sync waves on the objects. */
import { BUNDLE_CONFIG_MAP } from "../components/names";
import type { Settings } from "../settings/schema";
import { annotated, type Manifest, type Stage } from "./manifest";

const PRUNE_DISABLED = "kustomize.toolkit.fluxcd.io/prune";

/**
 * Stages whose objects say when Argo CD applies them: a wave begins when all of the one before it are healthy. Without Argo
 * CD in the settings, the stages as they are.
 */
export function withWaves(stages: readonly Stage[], { gitops }: Settings): Stage[] {
    if (!gitops.argocd) return [...stages];
    return stages.map((stage) => ({
        ...stage,
        objects: stage.objects.map((object) =>
            annotated(object, {
                "argocd.argoproj.io/sync-wave": String(stage.wave),
                ...(object.metadata.annotations?.[PRUNE_DISABLED] && {
                    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
                }),
            }),
        ),
    }));
}

/** An ApplicationSet of one Application for the cluster that Argo CD runs on; none without `gitops.argocd`. */
export function applicationSets({ gitops, protect, spire }: Settings): Manifest[] {
    const { argocd, path, suspend } = gitops;
    if (!argocd) return [];
    return [
        {
            apiVersion: "argoproj.io/v1alpha1",
            kind: "ApplicationSet",
            metadata: { name: "cilium-spire", namespace: argocd.namespace },
            spec: {
                goTemplate: true,
                goTemplateOptions: ["missingkey=error"],
                generators: [
                    {
                        list: {
                            elements: [
                                {
                                    cluster: "in-cluster",
                                    server: "https://kubernetes.default.svc",
                                },
                            ],
                        },
                    },
                ],
                // What happens to the objects when this ApplicationSet itself goes.
                syncPolicy: { preserveResourcesOnDeletion: protect },
                template: {
                    metadata: { name: "cilium-spire-{{ .cluster }}" },
                    spec: {
                        project: argocd.project,
                        source: {
                            repoURL: argocd.repository,
                            targetRevision: argocd.revision,
                            path: `${path}/manifests`,
                            directory: { recurse: true },
                        },
                        destination: { server: "{{ .server }}" },
                        // The SPIRE server fills it.
                        ignoreDifferences: [
                            {
                                kind: "ConfigMap",
                                name: BUNDLE_CONFIG_MAP,
                                namespace: spire.agent.namespace,
                                jsonPointers: ["/data"],
                            },
                        ],
                        syncPolicy: {
                            ...(!suspend && { automated: { prune: true, selfHeal: true } }),
                            syncOptions: ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
                            retry: {
                                limit: 5,
                                backoff: { duration: "30s", factor: 2, maxDuration: "5m" },
                            },
                        },
                    },
                },
            },
        },
    ];
}
