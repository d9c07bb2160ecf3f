/** `cilium-spire restore`: what a backup has and the SPIRE server has not, written to the server. */
import { Argument, Command, Option } from "commander";
import { backupOf, type Backup } from "../backup/document";
import { type OnConflict, stepCount } from "../backup/plan";
import { Restoration } from "../backup/restore";
import { workloadEntriesArgs } from "../components/entries/args";
import { type ExitCode, say, stackName, stdinOption } from "./arguments";
import { placeOf } from "./place";
import { restoreText } from "./restoreReport";
import { textOf } from "./textFile";

const WRITTEN = 'name a file that "cilium-spire backup" wrote';

interface Options {
    conflicts: OnConflict;
    dryRun: boolean;
    stdin: boolean;
}

export function restore(end: (code: ExitCode) => void): Command {
    return new Command("restore")
        .description(
            "write to the SPIRE server of a stack what a backup has and the server has not",
        )
        .addArgument(new Argument("<stack>", "name of the stack").argParser(stackName))
        .addArgument(new Argument("<file>", "a file that backup wrote"))
        .option("--dry-run", "show what would be done, and change nothing", false)
        .addOption(
            new Option(
                "--conflicts <what>",
                "of what the server has with other content: write nothing at all, leave it, or overwrite it",
            )
                .choices(["refuse", "keep", "overwrite"])
                .default("refuse"),
        )
        .addOption(stdinOption())
        .action(async (stack: string, file: string, options: Options) => {
            const backup = backupOf(await textOf(file, WRITTEN), file);
            end(await bring(backup, stack, options));
        });
}

async function bring(backup: Backup, stack: string, options: Options): Promise<ExitCode> {
    const { cluster, stack: known } = await placeOf(stack, options);
    const { id, settings, entries } = known!;
    const target = {
        cluster,
        trustDomain: settings.trustDomain,
        spireServer: entries.server,
        clusterName: settings.clusterName,
        idPrefixes: [entries.idPrefix, workloadEntriesArgs(settings, id).idPrefix],
    };
    const restoration = await Restoration.of(backup, target, options.conflicts);
    const { plan } = restoration;
    console.log(restoreText(backup, plan, options.conflicts));
    if (plan.conflicts.length > 0 && options.conflicts === "refuse") return 1;
    if (options.dryRun || stepCount(plan) === 0) return 0;
    await restoration.carryOut(say);
    console.log(`restored: ${stepCount(plan)} written, and read back`);
    return 0;
}
