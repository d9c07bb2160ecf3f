/** What the repository's stack `dev` is configured with. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "../sandbox/host/paths";
import type { Values } from "../settings/cilium/values";

/** The configuration in Pulumi.dev.yaml, for stacks that differ from `dev` in a few keys. */
export async function devConfig(): Promise<Record<string, Values>> {
    const text = await readFile(join(repositoryRoot, "Pulumi.dev.yaml"), "utf8");
    return (parse(text) as { config: Record<string, Values> }).config;
}
