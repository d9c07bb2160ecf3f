/** What a sandbox runs: Kubernetes, and the Cilium and SPIRE of a stack file. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot, sandboxSources } from "../host/paths";

/** Of the cluster itself. modules/kubernetes/go.mod says the same. */
export const KUBERNETES_VERSION = "1.34.2";

/** Versions of the programs and images that a stack needs. */
export interface Versions {
    cilium: string;
    spire: string;
}

/**
 * The versions that a stack file names, and over them `CILIUM` and `SPIRE` of the environment (`make up CILIUM=1.20.2`).
 *
 * @throws Error when there is no go.mod to build one of them from; it lists those that there are.
 */
export function wantedVersions(stack = "dev"): Versions {
    const file = join(repositoryRoot, `Pulumi.${stack}.yaml`);
    const { config } = parse(readFileSync(file, "utf8")) as {
        config: Record<string, { version?: string }>;
    };
    const version = (name: "cilium" | "spire") =>
        process.env[name.toUpperCase()] || config[`cilium-spire:${name}`]?.version || "";
    const wanted = { cilium: version("cilium"), spire: version("spire") };
    for (const [name, value] of Object.entries(wanted)) requireBuildable(name, value);
    return wanted;
}

/** Where the go.mod of a version is, below modules/. */
export function moduleName(upstream: keyof Versions, versions: Versions): string {
    return `${upstream}-${versions[upstream]}`;
}

/** The versions of an upstream project that can be built, oldest first. */
export function buildableVersions(upstream: string): string[] {
    return readdirSync(join(sandboxSources, "modules"))
        .filter((name) => name.startsWith(`${upstream}-`))
        .map((name) => name.slice(upstream.length + 1))
        .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function requireBuildable(upstream: string, version: string): void {
    if (existsSync(join(sandboxSources, "modules", `${upstream}-${version}`))) return;
    throw new Error(
        `the sandbox cannot build ${upstream} "${version}"; it can build ${buildableVersions(upstream).join(", ")}`,
    );
}
