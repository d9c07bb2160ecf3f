/** Renderings of the repository's stack files. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { Manifest } from "../../gitops/manifest";
import type { Installing } from "../../gitops/program";
import { requireRenderable } from "../../gitops/refusals";
import { render } from "../../gitops/render";
import { ensureChart } from "../../sandbox/build/binaries";
import { repositoryRoot } from "../../sandbox/host/paths";
import { mergeValues, type Values } from "../../settings/cilium/values";
import { decodeSettings } from "../../settings/decode";

/** What a rendering needs that the stack files do not have. */
const ALIAS: Values = { registration: { strategy: "nodeAlias" } };

/** The settings of a stack file that can be rendered, with some over them. */
export async function renderableSettings(
    file: "dev" | "prod",
    over: Values = {},
): Promise<Installing> {
    const text = await readFile(join(repositoryRoot, `Pulumi.${file}.yaml`), "utf8");
    const config = Object.entries((parse(text) as { config: Values }).config);
    const raw = Object.fromEntries(config.map(([key, value]) => [key.split(":")[1]!, value]));
    const chart = { cilium: { chart: await ensureChart() } };
    const settings = decodeSettings([ALIAS, chart, over].reduce<Values>(mergeValues, raw));
    requireRenderable(settings);
    return settings;
}

/** Renders a stack file with some settings over it into a folder. @returns the folder */
export async function renderStack(
    folder: string,
    file: "dev" | "prod",
    over: Values = {},
): Promise<string> {
    const id = { project: "cilium-spire", stack: file };
    await render(await renderableSettings(file, over), id, folder);
    return folder;
}

/** Every file's text by its path. */
export async function textsIn(folder: string): Promise<Record<string, string>> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
    const texts = paths
        .sort()
        .map(async (path) => [relative(folder, path), await readFile(path, "utf8")] as const);
    return Object.fromEntries(await Promise.all(texts));
}

/** Objects in the files whose path begins so. */
export async function objectsIn(folder: string, prefix = ""): Promise<Manifest[]> {
    const files = Object.entries(await textsIn(folder));
    return files
        .filter(([path]) => path.startsWith(prefix) && path.endsWith(".yaml"))
        .flatMap(([, text]) => parseAllDocuments(text, { version: "1.1" }))
        .map((document) => document.toJS() as Manifest);
}
