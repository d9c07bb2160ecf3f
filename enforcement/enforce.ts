/** Requiring authentication step by step: look, try one policy after the other, stop where somebody is refused. */
import type { Patient } from "../doctor/patient";
import type { Endpoint } from "../doctor/traffic/endpoints";
import type { Forecast } from "../doctor/traffic/forecast";
import { look } from "../doctor/traffic/look";
import { examineProposals, forecastOf, isFor } from "./preflight";
import type { Proposal } from "./proposal";
import { Refusals } from "./refusals";
import { listen, type Trial, type TrialOptions, tryPolicy, WINDOW_S } from "./trial";

export interface EnforceOptions extends Omit<TrialOptions, "refusals"> {
    /** For how long is looked before anything is tried. */
    lookSeconds: number;
    /** Nothing is tried. */
    dryRun: boolean;
}

export interface Enforcement {
    /** How long was looked, and at how many pods. */
    lookSeconds: number;
    pods: number;
    /** Of the connections that were there before, if all policies were in force. */
    forecasts: Forecast[];
    /** Of them, who would be refused and is not meant to be: then nothing is tried. */
    unexpected: Forecast[];
    /** In their order; none after one that was taken back. */
    trials: Trial[];
}

/**
 * Tries policies, each under the traffic that there is.
 *
 * @throws Error when something speaks against one of them, or it could not be seen what it does: it is taken back then.
 */
export async function enforce(
    patient: Patient,
    proposals: readonly Proposal[],
    options: EnforceOptions,
): Promise<Enforcement> {
    const { lookSeconds, dryRun, isExpected, say, interrupted } = options;
    await examineProposals(patient, proposals);
    const refusals = new Refusals();
    say(`looking at connections for ${lookSeconds} s`);
    const isLookedAt = (pod: Endpoint) => proposals.some((proposal) => isFor(proposal, pod));
    const [sight] = await Promise.race([
        Promise.all([
            look(patient, isLookedAt, lookSeconds),
            listenFor(patient, proposals, lookSeconds, refusals),
        ]),
        interrupted,
    ]);
    for (const proposal of proposals) {
        if ([...sight.endpoints.values()].some((pod) => isFor(proposal, pod))) continue;
        throw new Error(
            `${proposal.title} selects no pods that Cilium knows: what it does could not be seen`,
        );
    }
    const forecasts = await forecastOf(patient, proposals, sight);
    const unexpected = forecasts.filter(
        ({ verdict, from }) => verdict === "refused" && !isExpected(from.name),
    );
    const enforcement: Enforcement = {
        ...{ lookSeconds, pods: sight.pods, forecasts, unexpected, trials: [] },
    };
    if (dryRun || unexpected.length > 0) return enforcement;
    for (const proposal of proposals) {
        const trial = await tryPolicy(patient, proposal, { ...options, refusals });
        enforcement.trials.push(trial);
        if (trial.verdict === "taken back") break;
    }
    return enforcement;
}

/** Whose packets are dropped anyway. */
async function listenFor(
    patient: Patient,
    proposals: readonly Proposal[],
    seconds: number,
    refusals: Refusals,
): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
        const window = Math.min(WINDOW_S, Math.ceil((deadline - Date.now()) / 1000));
        refusals.add((await listen(patient, proposals, window)).drops);
    }
}
