/** `cilium-spire enforce`: require authentication of pods by policies, and take back the one that refuses somebody. */
import { Argument, Command, Option } from "commander";
import { patientOf } from "../doctor/examination/examine";
import { enforce as carryOut } from "../enforcement/enforce";
import { type Proposal, proposalsOf } from "../enforcement/proposal";
import { takeBackAll } from "../enforcement/trialObject";
import { type ExitCode, say, stackName, stdinOption, waitOption } from "./arguments";
import { asJson, asText, isWell } from "./enforceReport";
import { onInterrupt } from "./interrupt";
import { type Place, placeOf, type PlaceOptions, requirePlace, withPlace } from "./place";
import { textOf } from "./textFile";

interface Options extends PlaceOptions {
    file: string[];
    look: number;
    watch: number;
    refuse: string[];
    dryRun: boolean;
    back: boolean;
    json: boolean;
}

export function enforce(end: (code: ExitCode) => void): Command {
    const stack = new Argument("[stack]", "name of a stack; without one, the cluster is asked");
    const verb = new Command("enforce")
        .description(
            "try policies that require authentication, one after the other, under the traffic that there is; the first that refuses somebody is taken back, and ends it",
        )
        .addArgument(stack.argParser(stackName));
    return withPlace(verb)
        .addOption(
            new Option(
                "--file <file...>",
                "policies of Cilium's, in the order in which they are tried",
            ).default([], "none"),
        )
        .addOption(waitOption("--look", "how long to look at connections before", 30))
        .addOption(waitOption("--watch", "how long nobody may be refused by a policy", 120))
        .addOption(
            new Option(
                "--refuse <name...>",
                "clients that are meant to be refused, as FROM has them",
            ).default([], "none"),
        )
        .option("--dry-run", "look, say who would be refused, and change nothing", false)
        .option(
            "--back",
            "take back what a killed command left on trial, and do nothing else",
            false,
        )
        .option("--json", "print JSON instead of text", false)
        .addOption(stdinOption())
        .action(async (name: string | undefined, options: Options, command: Command) => {
            requirePlace(name, options, command);
            if (options.back !== (options.file.length === 0)) {
                command.error("error: give policies by --file, or --back without any");
            }
            const { file } = options;
            const proposals = (await Promise.all(file.map(proposalsIn))).flat();
            const place = await placeOf(name, options);
            end(options.back ? await goBack(place) : await go(place, proposals, options));
        });
}

async function proposalsIn(file: string): Promise<Proposal[]> {
    return proposalsOf(await textOf(file, "name a file with policies"), file);
}

async function go(place: Place, proposals: Proposal[], options: Options): Promise<ExitCode> {
    const { look: lookSeconds, watch: seconds, refuse, dryRun, json, file } = options;
    const enforcement = await carryOut(await patientOf(place), proposals, {
        ...{ lookSeconds, seconds, dryRun, say, interrupted: onInterrupt() },
        isExpected: (name) => refuse.includes(name),
    });
    console.log(json ? asJson(enforcement) : asText(enforcement, file));
    return isWell(enforcement) ? 0 : 1;
}

async function goBack({ cluster }: Place): Promise<ExitCode> {
    const titles = await takeBackAll(cluster);
    console.log(titles.length > 0 ? `taken back: ${titles.join(", ")}` : "nothing is on trial");
    return 0;
}
