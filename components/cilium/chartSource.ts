/** Cilium's chart as Pulumi's Chart takes it. */
import { existsSync } from "node:fs";

/** Cilium's own repository (its documentation, "Installation using Helm"). */
const OFFICIAL_REPOSITORY = "https://helm.cilium.io";

/** The part of the arguments of a `helm.v4.Chart` that says which chart. */
export interface ChartSource {
    chart: string;
    version?: string;
    repositoryOpts?: { repo: string };
}

/**
 * @param location as `cilium.chart` has it; Cilium's own repository when absent.
 * @param version of the chart; a path has that of its chart.
 */
export function chartSource(location = OFFICIAL_REPOSITORY, version: string): ChartSource {
    // Helm finds repositories, their credentials and those of registries by itself, as its command line does.
    if (location.startsWith("@")) return { chart: `${location.slice(1)}/cilium`, version };
    if (location.startsWith("oci://")) return { chart: location, version };
    if (/^https?:/.test(location)) {
        return { chart: "cilium", version, repositoryOpts: { repo: location } };
    }
    return { chart: location };
}

/**
 * What in the current directory would be taken for a chart that is to come from elsewhere: Helm looks for a file first,
 * whatever else it is told (pkg/action/install.go, LocateChart).
 */
export function shadowProblem({ chart, version }: ChartSource): string | undefined {
    if (version === undefined || !existsSync(chart)) return undefined;
    return `"${chart}" is a file or directory here, which Helm would take for the chart; move it away, or mean it with cilium.chart = "./${chart}"`;
}
