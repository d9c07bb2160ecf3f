/** `cilium-spire backup`: what a SPIRE server knows, in a file. */
import { existsSync } from "node:fs";
import { Argument, Command } from "commander";
import { backupOf, textOf } from "../backup/document";
import { requireFree, writeWhole } from "../backup/file";
import { takeBackup } from "../backup/take";
import { type ExitCode, say, stdinOption } from "./arguments";
import { authorityOf, type PlaceOptions, placeOf, requirePlace, withPlace } from "./place";

interface Options extends PlaceOptions {
    force: boolean;
}

export function backup(end: (code: ExitCode) => void): Command {
    const command = new Command("backup")
        .description(
            "keep in a file what the SPIRE server knows: entries, federation, bundles; no keys",
        )
        // A last argument that must be there, after one that may be.
        .usage("[options] [stack] <file>")
        .addArgument(
            new Argument(
                "<file...>",
                "the file to write, after the name of a stack; without one, the cluster is asked",
            ),
        )
        .option("--force", "replace the file, if it is there", false);
    return withPlace(command)
        .addOption(stdinOption())
        .action(async (words: string[], options: Options, command: Command) => {
            const [file, stack] = fileAndStack(words, command);
            requirePlace(stack, options, command);
            requireFree(file, options.force);
            await keep(file, stack, options);
            end(0);
        });
}

function fileAndStack(words: string[], command: Command): [file: string, stack?: string] {
    const [first, second, ...more] = words;
    if (first === undefined || more.length > 0 || words.includes("")) {
        return command.error("error: give the name of a stack, if there is one, and one file");
    }
    if (second !== undefined) return [second, first];
    if (existsSync(`Pulumi.${first}.yaml`)) {
        return command.error(`error: "${first}" is a stack; name the file to write after it`);
    }
    return [first];
}

async function keep(file: string, stack: string | undefined, options: Options): Promise<void> {
    const place = await placeOf(stack, options);
    const { cluster } = place;
    const { trustDomain, spireServer } = await authorityOf(place);
    if (spireServer === undefined) {
        throw new Error(
            `the SPIRE server of ${trustDomain} is no StatefulSet of the cluster ${cluster.url}, so its command line cannot be reached; back it up where it runs`,
        );
    }
    const { clusterName, spire } = place.stack?.settings ?? {};
    const foreign = spire?.mode === "external";
    const source = { cluster, trustDomain, spireServer, clusterName, foreign };
    const kept = await takeBackup(source, say);
    const text = textOf(kept);
    // What could not be restored must be known now.
    backupOf(text, file);
    await writeWhole(file, text, options.force);
    const { entries, federation, federatedBundles, agents } = kept;
    console.log(
        `${file}: ${trustDomain}, SPIRE ${kept.spireVersion}: registration entries: ${entries.length}, ` +
            `federation relationships: ${federation.length}, bundles of other trust domains: ${Object.keys(federatedBundles).length}, ` +
            `agents: ${agents.length}; no keys`,
    );
}
