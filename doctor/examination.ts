/** The doctor: all checks on the cluster of a stack. */
import { setTimeout } from "node:timers/promises";
import {
    type Attempt,
    Cluster,
    ClusterUnreachable,
    messageOf,
    poll,
} from "@cilium-spire/entries-provider";
import { agentEntriesArgs, clusterChoice } from "../components/entries/args";
import type { StackId } from "../components/owner";
import type { Settings } from "../settings/schema";
import { type Check, checks, type Finding, Patient } from "./checks";

const PAUSE_MS = 2000;
/** Of a single check. Each call to the API server has a deadline of its own; a stuck exec has none. */
const CHECK_TIMEOUT_MS = 60_000;

/** What the check of this name found. */
export interface Result extends Finding {
    name: string;
}

/** A check that throws has found that what it looks at is not there. @throws ClusterUnreachable */
async function examine(check: Check, patient: Patient): Promise<Result> {
    const { name } = check;
    const late = setTimeout(CHECK_TIMEOUT_MS, undefined, { ref: false }).then((): Finding => {
        throw new Error(`did not end within ${CHECK_TIMEOUT_MS / 1000} s`);
    });
    try {
        return { name, ...(await Promise.race([check.run(patient), late])) };
    } catch (error) {
        // Says nothing about the stack: the other checks would only repeat it.
        if (error instanceof ClusterUnreachable) throw error;
        return { name, finding: messageOf(error), cure: "see the finding" };
    }
}

/**
 * Examines until all is well, or once more after the deadline.
 *
 * @returns the results of the last examination.
 * @throws ClusterUnreachable when the API server did not answer in that one.
 */
export async function examineUntilHealthy(
    id: StackId,
    settings: Settings,
    waitSeconds: number,
): Promise<Result[]> {
    const cluster = new Cluster(clusterChoice(settings));
    const entries = agentEntriesArgs(settings, id);
    const attempt = async (): Promise<Attempt<Result[]>> => {
        const patient = new Patient(cluster, settings, id, entries);
        const results: Result[] = [];
        try {
            for (const check of checks) results.push(await examine(check, patient));
        } catch (error) {
            if (!(error instanceof ClusterUnreachable)) throw error;
            const late = () => {
                throw error;
            };
            return { waitingFor: "an answer of the API server", late };
        }
        const waitingFor = results.filter(isWrong).map(nameOf).join(", ");
        return waitingFor ? { waitingFor, late: () => results } : { done: results };
    };
    let told = "";
    const onWait = (missing: string, leftMs: number) => {
        if (missing === told) return;
        told = missing;
        console.error(`waiting up to ${Math.ceil(leftMs / 1000)} s for: ${missing}`);
    };
    return poll(waitSeconds * 1000, "healthy stack", attempt, { intervalMs: PAUSE_MS, onWait });
}

/** True when an `up` must not go on with what was found. */
export function isWrong({ cure, note }: Result): boolean {
    return cure !== undefined && !note;
}

const nameOf = ({ name }: Result) => name;
