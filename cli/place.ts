/** Which cluster a verb looks at: that of a stack, or the one that the command line names. */
import { Cluster } from "@cilium-spire/entries-provider";
import type { Command } from "commander";
import { clusterChoice } from "../components/clusterChoice";
import { type Authority, discoverAuthority } from "../doctor/discovery";
import { type KnownStack, knownStack } from "../doctor/site";
import { configuredStack } from "./arguments";

/** Options of a verb that goes without a stack. */
export interface PlaceOptions {
    context?: string;
    kubeconfig?: string;
    stdin: boolean;
}

/** Adds the options. */
export function withPlace(command: Command): Command {
    return command
        .option("--context <name>", "kubeconfig context, where no stack says it")
        .option("--kubeconfig <file>", "kubeconfig file, where no stack says it");
}

/** @throws CommanderError for options that would be without effect. */
export function requirePlace(
    stack: string | undefined,
    { context, kubeconfig, stdin }: PlaceOptions,
    command: Command,
): void {
    if (stack !== undefined && (context ?? kubeconfig) !== undefined) {
        command.error(
            "error: --context and --kubeconfig are for clusters without a stack; a stack has kubeContext and kubeconfig",
        );
    }
    if (stack === undefined && stdin) command.error("error: --stdin needs the name of the stack");
}

/** A cluster, with the stack that is on it where one was named. */
export interface Place {
    cluster: Cluster;
    stack?: KnownStack;
}

/** Where identities come from there. @throws Error when no stack was named and no Cilium authenticates. */
export async function authorityOf({ cluster, stack }: Place): Promise<Authority> {
    if (!stack) return await discoverAuthority(cluster);
    return { trustDomain: stack.settings.trustDomain, spireServer: stack.entries.server };
}

/** @throws Error when the stack has no file, its configuration is wrong, or there is no such context. */
export async function placeOf(name: string | undefined, options: PlaceOptions): Promise<Place> {
    if (name === undefined) {
        const { context, kubeconfig } = options;
        const cluster = new Cluster({
            ...(context !== undefined && { context }),
            ...(kubeconfig !== undefined && { kubeconfig }),
        });
        return { cluster };
    }
    const { id, settings } = await configuredStack(name, options.stdin);
    return { cluster: new Cluster(clusterChoice(settings)), stack: knownStack(settings, id) };
}
