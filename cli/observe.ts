/** `cilium-spire observe`: who would be refused if a namespace required authentication. */
import { writeFile } from "node:fs/promises";
import { Argument, Command } from "commander";
import { requireFree } from "../backup/file";
import { type Observation, observe as look } from "../doctor/traffic/observe";
import { patientOf } from "../doctor/examination/examine";
import { type ExitCode, say, stackName, stdinOption, waitOption } from "./arguments";
import { asJson, asText, asYaml, isReady } from "./observeReport";
import { placeOf, type PlaceOptions, requirePlace, withPlace } from "./place";

interface Options extends PlaceOptions {
    namespace: string;
    for: number;
    json: boolean;
    write?: string;
}

export function observe(end: (code: ExitCode) => void): Command {
    const stack = new Argument("[stack]", "name of a stack; without one, the cluster is asked");
    const verb = new Command("observe")
        .description(
            "who connects to the pods of a namespace, and who of them would be refused if they had to authenticate; changes nothing",
        )
        .addArgument(stack.argParser(stackName))
        .requiredOption("--namespace <name>", "the namespace whose pods would ask");
    return withPlace(verb)
        .addOption(waitOption("--for", "how long to look at connections", 60))
        .option("--json", "print JSON instead of text", false)
        .option(
            "--write <file>",
            "a new file, for policies that let in who was seen and require authentication",
        )
        .addOption(stdinOption())
        .action(async (name: string | undefined, options: Options, command: Command) => {
            requirePlace(name, options, command);
            const { namespace, for: seconds, json, write } = options;
            if (write !== undefined) requireFree(write);
            const patient = await patientOf(await placeOf(name, options));
            say(`looking at connections to ${namespace} for ${seconds} s`);
            const observation = await look(patient, { namespace, seconds });
            console.log(json ? asJson(observation) : asText(observation));
            if (write !== undefined) await writePolicies(write, observation);
            end(isReady(observation) ? 0 : 1);
        });
}

async function writePolicies(file: string, observation: Observation): Promise<void> {
    const { policies } = observation;
    if (policies.length > 0) await writeFile(file, asYaml(observation), { flag: "wx" });
    else console.error(`${file} is not written: there is nobody whom it could let in`);
}
