/** `cilium-spire doctor [STACK]`, and the last step of every `up` (components/verification.ts). */
import { rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { ClusterUnreachable, messageOf } from "@cilium-spire/entries-provider";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { collect, sysdumpHint } from "../doctor/bundle/collect";
import { reserve, writeBundle } from "../doctor/bundle/write";
import { checks } from "../doctor/checks";
import {
    examineUntilHealthy,
    isWrong,
    patientOf,
    type Result,
} from "../doctor/examination/examine";
import type { Patient } from "../doctor/patient";
import { type ExitCode, stackName, stdinOption, waitOption } from "./arguments";
import { placeOf, type PlaceOptions, requirePlace, withPlace } from "./place";
import { asJson, asText } from "./report";

const WATCH_PAUSE_MS = 5_000;

interface Options extends PlaceOptions {
    wait: number;
    only: string[];
    json: boolean;
    watch: boolean;
    bundle?: string;
}

export function doctor(end: (code: ExitCode) => void): Command {
    const stack = new Argument("[stack]", "name of a stack; without one, the cluster is asked");
    const verb = new Command("doctor")
        .description(
            "examine a cluster: what is wrong, where, why it matters and how it is cured; changes nothing",
        )
        .addArgument(stack.argParser(stackName));
    return withPlace(verb)
        .addOption(onlyOption())
        .option("--json", "print JSON instead of text", false)
        .addOption(
            new Option("--watch", "go on, and print again what has changed, until Ctrl-C")
                .default(false)
                .conflicts("wait"),
        )
        .addOption(
            new Option(
                "--bundle <file>",
                "also write a support bundle, FILE.tgz: findings, objects, logs, entries; without secrets",
            )
                .conflicts("watch")
                .argParser(bundleFile),
        )
        .addOption(waitOption("--wait", "give the cluster that long to become healthy", 0))
        .addOption(stdinOption())
        .action(async (name: string | undefined, options: Options, command: Command) => {
            requirePlace(name, options, command);
            const { wait, only, bundle } = options;
            const place = await placeOf(name, options);
            const examine = () => examineUntilHealthy({ ...place, wait, only });
            const report = options.json ? asJson : asText;
            if (options.watch)
                await watch(examine, report, (results) => end(codeOf(results, only)));
            if (bundle !== undefined) await reserve(bundle);
            try {
                const results = await examine();
                console.log(report(results));
                end(codeOf(results, only));
                if (bundle !== undefined) await bundleOf(bundle, await patientOf(place), results);
            } catch (error) {
                // What is left would be in the way of the next one.
                if (bundle !== undefined) await rm(bundle, { force: true });
                throw error;
            }
        });
}

/** Outlives an API server that does not answer for a while: it says so, and looks again. */
async function watch(
    examine: () => Promise<Result[]>,
    report: (results: readonly Result[]) => string,
    found: (results: Result[]) => void,
): Promise<never> {
    let printed = "";
    const print = (text: string, to: (text: string) => void) => {
        if (text !== printed) to(text);
        printed = text;
    };
    for (;;) {
        try {
            const results = await examine();
            print(report(results), console.log);
            found(results);
        } catch (error) {
            if (!(error instanceof ClusterUnreachable)) throw error;
            const again = `Looking again every ${WATCH_PAUSE_MS / 1000} s.`;
            print(`cilium-spire: ${messageOf(error)} ${again}`, console.error);
        }
        await setTimeout(WATCH_PAUSE_MS);
    }
}

async function bundleOf(file: string, patient: Patient, results: Result[]): Promise<void> {
    const report = stripVTControlCharacters(asText(results));
    const files = await collect(patient, results, report);
    await writeBundle(file, files);
    console.error(`wrote ${file}, ${files.size} files; look through it before you send it on`);
    console.error(`more of Cilium: ${sysdumpHint(patient)}`);
}

function bundleFile(value: string): string {
    if (/[^/]\.(tgz|tar\.gz)$/.test(value)) return value;
    throw new InvalidArgumentError("It must end with .tgz.");
}

/** What was asked for by name and could not be looked at is not well for that. */
function codeOf(results: readonly Result[], only: readonly string[]): ExitCode {
    if (results.some(isWrong)) return 1;
    const unknown = only.length > 0 && results.some(({ verdict }) => verdict === "left out");
    return unknown ? 2 : 0;
}

function onlyOption(): Option {
    const ids = checks.map(({ id }) => id);
    return new Option("--only <check>", `one check, or several by repeating it: ${ids.join(", ")}`)
        .default([], "all")
        .argParser((id, before: string[]) => {
            if (ids.includes(id)) return [...before, id];
            throw new InvalidArgumentError(`There are ${ids.join(", ")}.`);
        });
}
