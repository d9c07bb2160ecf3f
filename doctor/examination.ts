/** The doctor: all checks on the cluster of a stack. */
import { setTimeout } from "node:timers/promises";
import {
    type Attempt,
    Cluster,
    ClusterUnreachable,
    messageOf,
    poll,
} from "@cilium-spire/entries-provider";
import { clusterChoice } from "../components/clusterChoice";
import { agentEntriesArgs } from "../components/entries/args";
import type { StackId } from "../components/owner";
import type { Settings } from "../settings/schema";
import { type Check, checks, type Finding, Patient } from "./checks";

const PAUSE_MS = 2000;
/** Of a single check. Each call to the API server has a deadline of its own; a stuck exec has none. */
const CHECK_TIMEOUT_MS = 60_000;

/** What a check comes to: `wrong` is what an `up` must not go on with. */
export type Verdict = "ok" | "note" | "wrong";

/** What one check found. */
export interface Result {
    /** Of the check. */
    id: string;
    name: string;
    verdict: Verdict;
    finding: string;
    cure?: string;
}

/** A check that throws has found that what it looks at is not there. @throws ClusterUnreachable */
async function examine(check: Check, patient: Patient): Promise<Result> {
    const late = setTimeout(CHECK_TIMEOUT_MS, undefined, { ref: false }).then((): Finding => {
        throw new Error(`did not end within ${CHECK_TIMEOUT_MS / 1000} s`);
    });
    try {
        return resultOf(check, await Promise.race([check.run(patient), late]));
    } catch (error) {
        // Says nothing about the stack: the other checks would only repeat it.
        if (error instanceof ClusterUnreachable) throw error;
        return resultOf(check, { finding: messageOf(error), cure: "see the finding" });
    }
}

function resultOf({ id, name }: Check, { finding, cure, note }: Finding): Result {
    if (cure === undefined) return { id, name, verdict: "ok", finding };
    return { id, name, verdict: note ? "note" : "wrong", finding, cure };
}

/**
 * Examines until all is well, or once more after the deadline.
 *
 * @param ids of the checks to make; all when there are none.
 * @returns the results of the last examination.
 * @throws ClusterUnreachable when the API server did not answer in that one.
 */
export async function examineUntilHealthy(
    id: StackId,
    settings: Settings,
    waitSeconds: number,
    ids: readonly string[] = [],
): Promise<Result[]> {
    const cluster = new Cluster(clusterChoice(settings));
    const entries = agentEntriesArgs(settings, id);
    const chosen = checks.filter((check) => ids.length === 0 || ids.includes(check.id));
    const attempt = async (): Promise<Attempt<Result[]>> => {
        const patient = new Patient(cluster, settings, id, entries);
        const results: Result[] = [];
        try {
            for (const check of chosen) results.push(await examine(check, patient));
        } catch (error) {
            if (!(error instanceof ClusterUnreachable)) throw error;
            const late = () => {
                throw error;
            };
            return { waitingFor: "an answer of the API server", late };
        }
        const waitingFor = results
            .filter(isWrong)
            .map(({ name }) => name)
            .join(", ");
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
export function isWrong({ verdict }: Result): boolean {
    return verdict === "wrong";
}
