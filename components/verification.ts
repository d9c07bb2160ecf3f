/** The doctor as the last step of an `up`. */
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import type { AgentEntries } from "./entries/agentEntries";

/** The operator needs up to 20 s to register all identities after the entries were written. */
const WAIT_SECONDS = 120;

/**
 * Runs the doctor after every change of the settings or of what it depends on, and fails the `up` when something is
 * wrong. The stack's name is an argument, never part of a shell's command line.
 */
export function verify(name: string, settings: Settings, entries: AgentEntries): local.Command {
    return new local.Command(
        name,
        {
            interpreter: ["node", "bin/doctor/cli.js", pulumi.getStack()],
            create: String(WAIT_SECONDS),
            triggers: [JSON.stringify(settings), entries.entries],
        },
        { dependsOn: [entries] },
    );
}
