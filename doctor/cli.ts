/**
 * `npm run -s doctor -- STACK [SECONDS]`: examines the cluster of a stack, from its stack file alone, and gives it that
 * long to become healthy. Exit code 0: healthy; 1: something is wrong; 2: could not examine.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { Cluster, messageOf } from "@cilium-spire/entries-provider";
import { parse } from "yaml";
import { agentEntriesArgs } from "../components/entries/args";
import { decodeSettings, type Settings } from "../config";
import { checks, type Finding, Patient } from "./checks";

const PROJECT = "cilium-spire";

/** Reads `Pulumi.<stack>.yaml` of the current directory. */
function settingsOf(stack: string): Settings {
    const file = `Pulumi.${stack}.yaml`;
    if (!existsSync(file)) {
        throw new Error(`${file} does not exist here; name a stack that has one: doctor STACK`);
    }
    const { config = {} } = parse(readFileSync(file, "utf8")) as { config?: object };
    const prefix = `${PROJECT}:`;
    const own = Object.entries(config)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]): [string, unknown] => [key.slice(prefix.length), value]);
    return decodeSettings(Object.fromEntries(own), prefix);
}

/** A check that throws has found that what it looks at is not there. */
async function examine(check: (typeof checks)[number], patient: Patient): Promise<Finding> {
    try {
        return await check.run(patient);
    } catch (error) {
        return { finding: messageOf(error), cure: "see the finding" };
    }
}

/**
 * Examines until all is well, or once more after the deadline.
 *
 * @returns true when all is well.
 */
async function main(stack: string, waitSeconds: number): Promise<boolean> {
    const settings = settingsOf(stack);
    const cluster = new Cluster(settings.kubeContext);
    const entries = agentEntriesArgs(settings, stack);
    const deadline = Date.now() + waitSeconds * 1000;
    for (;;) {
        const patient = new Patient(cluster, settings, stack, entries);
        const report: [string, Finding][] = [];
        for (const check of checks) report.push([check.name, await examine(check, patient)]);
        const healthy = report.every(([, { cure }]) => cure === undefined);
        if (healthy || Date.now() > deadline) {
            for (const [name, { finding, cure }] of report) {
                console.log(`${cure ? "WRONG" : "ok   "}  ${name}: ${finding}`);
                if (cure) console.log(`       cure: ${cure}`);
            }
            return healthy;
        }
        await setTimeout(2000);
    }
}

main(process.argv[2] ?? "dev", Number(process.argv[3] ?? 0)).then(
    (healthy) => process.exit(healthy ? 0 : 1),
    (error: unknown) => {
        console.error(messageOf(error));
        process.exit(2);
    },
);
