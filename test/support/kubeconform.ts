/** What is wrong with YAML of Kubernetes objects, without a cluster: by kubeconform and by yamllint. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBinary } from "../../sandbox/build/binaries";
import { ensureYamllint } from "../../sandbox/build/debian";
import { MARKER } from "../../gitops/directory";
import { repositoryRoot } from "../../sandbox/host/paths";
import { launch } from "./operation";
import { writeSchemas } from "./schemas";

interface Report {
    resources: { filename: string; kind: string; name: string; status: string; msg: string }[];
    summary: { valid: number; invalid: number; errors: number; skipped: number };
}

/** How many objects are valid, and what is wrong with the others, by file. */
export interface Findings {
    valid: number;
    problems: string[];
}

let schemas: Promise<string> | undefined;

/** Made once in a process, which is done with them when it ends. */
async function schemaLocation(): Promise<string> {
    schemas ??= mkdtemp(join(tmpdir(), "cilium-spire-schemas-")).then(async (dir) => {
        process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
        return await writeSchemas(dir);
    });
    return await schemas;
}

/** Every object in these files or folders, by `kubeconform -strict`. A kind without a schema is a problem. */
export async function kubeconform(paths: readonly string[]): Promise<Findings> {
    const options = ["-strict", "-summary", "-output", "json"];
    // What tells whose a rendering is, and no object.
    options.push("-ignore-filename-pattern", `${MARKER}$`);
    const location = ["-schema-location", await schemaLocation()];
    const { output } = await launch(await ensureBinary("kubeconform"), [
        ...options,
        ...location,
        ...paths,
    ]).ended;
    const { resources, summary } = JSON.parse(output) as Report;
    return {
        valid: summary.valid,
        problems: resources.map(
            ({ filename, kind, name, msg }) => `${filename}: ${kind} ${name}: ${msg}`,
        ),
    };
}

/** What yamllint says of these files or folders, by the rules of `.yamllint`. */
export async function yamllint(paths: readonly string[]): Promise<string> {
    const config = join(repositoryRoot, ".yamllint");
    const env = { PYTHONPATH: await ensureYamllint() };
    const args = ["-m", "yamllint", "--strict", "--format", "parsable", "-c", config, ...paths];
    return (await launch("python3", args, env).ended).output.trim();
}
