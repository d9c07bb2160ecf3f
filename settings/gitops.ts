/** Settings of a stack that is rendered to YAML for Flux or Argo CD. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { duration } from "./amounts";
import { existingName, group, httpsUrl, text } from "./words";

/** A folder below the top of a repository, as Kustomizations and Applications have it. */
const repositoryPath = text(512).regex(
    /^(?!\.{0,2}(\/|$))(?!.*\/(\.{0,2})(\/|$))[A-Za-z0-9._/-]+$/,
    'must be the path of a folder in the repository, such as clusters/prod/cilium-spire, of letters, digits, ".", "-" and "_", without "./" before it',
);

/** What Git takes for a branch, a tag or a commit; nothing that a command could take for an option. */
const revision = z
    .string()
    .max(255)
    .regex(
        /^[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._/-]*$/,
        "must be a branch, a tag or a commit, such as main",
    );

const fluxSettings = group({
    namespace: existingName
        .default("flux-system")
        .describe("Namespace of the Kustomizations, and of their source."),
    sourceKind: z
        .enum(["GitRepository", "OCIRepository", "Bucket"])
        .default("GitRepository")
        .describe("Kind of the source that has the rendered files."),
    sourceName: existingName
        .default("flux-system")
        .describe("Name of that source; the default is what `flux bootstrap` makes."),
    interval: duration
        .default("10m")
        .describe("How often Flux compares the cluster with the files, besides after each commit."),
});

const argocdSettings = z.strictObject({
    repository: httpsUrl.describe("URL of the repository, as Argo CD knows it."),
    revision: revision.default("HEAD").describe("Branch, tag or commit that is deployed."),
    namespace: existingName.default("argocd").describe("Namespace of Argo CD."),
    project: existingName.default("default").describe("Project of Argo CD's."),
});

export const gitopsSettings = group({
    path: repositoryPath
        .default("cilium-spire")
        .describe("Folder in the repository that has the rendered files."),
    suspend: z
        .boolean()
        .default(false)
        .describe(
            "Flux and Argo CD leave the cluster as it is, whatever is committed, until this is `false` again.",
        ),
    flux: fluxSettings.describe("Flux, which gets a Kustomization for each part."),
    argocd: argocdSettings
        .optional()
        .describe("Argo CD, which gets an ApplicationSet; none when absent."),
});

export type GitopsSettings = z.output<typeof gitopsSettings>;
