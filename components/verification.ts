/** The doctor, and the proof, as the last steps of an `up`. */
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema";
import type { AgentEntries } from "./entries/agentEntries";

/** The operator needs up to 20 s to register all identities after the entries were written. */
const WAIT_SECONDS = 120;

/** What looks at the cluster: a verb of the command `cilium-spire`. */
export type Verb = "doctor" | "prove";

/**
 * The verb's process. Nothing in it depends on the machine: `node` is that of PATH, as for the program itself, and the
 * plugin starts it in the project's directory (for an inline program of the Automation API: in its `workDir`, which must
 * then be a clone). Whatever may be chosen freely is an argument behind `--` or standard input, never part of a shell's
 * command line.
 *
 * The settings are those of the running program: the stack's file may say less (`--config-file`, ESC environments).
 *
 * @param stack the plugin appends it as the last argument, and names it when the command fails.
 */
export function lookCommand(verb: Verb, settings: Settings, stack: string) {
    return {
        interpreter: ["node", "cli/run.js", verb, "--stdin", "--wait", String(WAIT_SECONDS), "--"],
        create: stack,
        stdin: JSON.stringify(settings),
    };
}

/** What is looked at. */
export interface Verified {
    /** Change with every rollout of SPIRE's pods, as far as they are this program's. */
    revisions: pulumi.Output<string>[];
    entries: AgentEntries;
}

/**
 * Runs what the settings ask for after every change of the settings, of SPIRE's pods or of the entries, and fails the `up`
 * when something is wrong: the next one then runs it again. The proof comes after the doctor, who knows why.
 */
export function verify(settings: Settings, { revisions, entries }: Verified): local.Command[] {
    const look = (name: string, verb: Verb, dependsOn: pulumi.Resource[]) => {
        const { stdin, ...command } = lookCommand(verb, settings, pulumi.getStack());
        return new local.Command(
            name,
            {
                ...command,
                // `cilium.values` may hold what the stack's configuration keeps secret.
                stdin: pulumi.secret(stdin),
                triggers: [...revisions, entries.entries],
            },
            { dependsOn },
        );
    };
    const doctor = settings.verify ? [look("verify", "doctor", [entries])] : [];
    return settings.prove ? [...doctor, look("prove", "prove", [entries, ...doctor])] : doctor;
}
