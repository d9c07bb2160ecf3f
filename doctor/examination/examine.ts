/** The doctor: all checks on one cluster. */
import { setTimeout } from "node:timers/promises";
import {
    type Attempt,
    type Cluster,
    ClusterUnreachable,
    messageOf,
    poll,
} from "@cilium-spire/entries-provider";
import { checks } from "../checks";
import { type Check, type Finding, found, type Outcome, UNREADABLE } from "../checks/check";
import { LeftOut } from "../leftOut";
import { Patient } from "../patient";
import { discoverSite, type KnownStack, siteOf } from "../site";

const PAUSE_MS = 2000;
/** Of a single check. Each call to the API server has a deadline of its own; a stuck exec has none. */
const CHECK_TIMEOUT_MS = 60_000;
/** The API server's refusals, of a call and of a command in a pod (entries-provider/src/kube). */
const FORBIDDEN = /Kubernetes API 403: |: 403; give the user/;

/** What a check comes to: `wrong` is what an `up` must not go on with, `left out` could not be looked at. */
export type Verdict = "ok" | "note" | "wrong" | "left out";

/** What one check found. */
export interface Result {
    /** Of the check. */
    id: string;
    name: string;
    verdict: Verdict;
    /** What was seen where nothing is amiss, or why it was left out. */
    seen: string;
    findings: Finding[];
}

/** Whom to examine, and how. */
export interface Examination {
    cluster: Cluster;
    /** Undefined: the cluster is asked for what there is. */
    stack?: KnownStack | undefined;
    /** Of the checks to make; all when there are none. */
    only?: readonly string[];
    /** Seconds. @default 0 */
    wait?: number;
    /** Told what is waited for. @default standard error */
    say?: (line: string) => void;
}

/** @throws ClusterUnreachable */
async function examine(check: Check, patient: Patient): Promise<Result> {
    const { id, name } = check;
    const leftOut = (seen: string): Result => ({
        id,
        name,
        verdict: "left out",
        seen,
        findings: [],
    });
    if (check.needsStack && !patient.stack) return leftOut("compares with the settings of a stack");
    const timer = new AbortController();
    const late = setTimeout(CHECK_TIMEOUT_MS, undefined, { ref: false, signal: timer.signal }).then(
        (): Outcome => {
            throw new Error(`did not end within ${CHECK_TIMEOUT_MS / 1000} s`);
        },
    );
    try {
        const { seen, findings } = await Promise.race([check.run(patient), late]);
        return { id, name, verdict: verdictOf(findings), seen, findings };
    } catch (error) {
        // Says nothing about the cluster's health: the other checks would only repeat it.
        const cause = error instanceof LeftOut ? error.cause : error;
        if (cause instanceof ClusterUnreachable) throw cause;
        if (error instanceof LeftOut) return leftOut(error.message);
        const message = messageOf(error);
        if (check.extra && FORBIDDEN.test(message)) return leftOut(`not allowed: ${message}`);
        const findings = [found(UNREADABLE, name, message)];
        return { id, name, verdict: "wrong", seen: "", findings };
    } finally {
        timer.abort();
        late.catch(() => undefined);
    }
}

function verdictOf(findings: Finding[]): Verdict {
    if (findings.length === 0) return "ok";
    return findings.every(({ note }) => note) ? "note" : "wrong";
}

/**
 * The cluster with where its parts are.
 *
 * @throws Error when no stack says it, and there is no Cilium or none that authenticates.
 */
export async function patientOf({ cluster, stack }: Examination): Promise<Patient> {
    return new Patient(cluster, stack ? siteOf(stack) : await discoverSite(cluster), stack);
}

/** All checks at once: what they have in common is read once. @throws ClusterUnreachable */
async function examineOnce(examination: Examination): Promise<Result[]> {
    const { only = [] } = examination;
    const patient = await patientOf(examination);
    const chosen = checks.filter(({ id }) => only.length === 0 || only.includes(id));
    return await Promise.all(chosen.map((check) => examine(check, patient)));
}

/**
 * Examines until all is well, or once more after the deadline.
 *
 * @returns the results of the last examination.
 * @throws ClusterUnreachable when the API server did not answer in that one.
 */
export async function examineUntilHealthy(examination: Examination): Promise<Result[]> {
    const attempt = async (): Promise<Attempt<Result[]>> => {
        let results: Result[];
        try {
            results = await examineOnce(examination);
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
    const { wait = 0, say = console.error } = examination;
    let told = "";
    const onWait = (missing: string, leftMs: number) => {
        if (missing === told) return;
        told = missing;
        say(`waiting up to ${Math.ceil(leftMs / 1000)} s for: ${missing}`);
    };
    return poll(wait * 1000, "healthy cluster", attempt, { intervalMs: PAUSE_MS, onWait });
}

/** True when an `up` must not go on with what was found. */
export function isWrong({ verdict }: Result): boolean {
    return verdict === "wrong";
}
