/** A policy tried under the traffic that there is: kept when nobody is refused by it, taken back when somebody is. */
import { setTimeout } from "node:timers/promises";
import { messageOf, type V1Pod } from "@cilium-spire/entries-provider";
import type { Patient } from "../doctor/patient";
import { authenticatedAt } from "../doctor/traffic/authenticated";
import { dropsAt, type Drop } from "../doctor/traffic/drops";
import { currentNames, endpointsByAddress } from "../doctor/traffic/endpoints";
import { agentsBeside } from "../doctor/traffic/look";
import { isFor } from "./preflight";
import type { Proposal } from "./proposal";
import type { Refusals } from "./refusals";
import { type Applied, begin, complaintOf, keep, MeanwhileChanged, takeBack } from "./trialObject";

/** For how long is listened at a time: no refusal is found out much later. */
export const WINDOW_S = 5;

/** Somebody whose packets a policy stops. */
export interface Refused {
    from: { identity: number; name: string };
    to: { identity: number; name: string };
    port: number;
    protocol: string;
    /** Cilium's: `Authentication required`, `Policy denied`. */
    reason: string;
    /** For how long when it was found. */
    seconds: number;
    node: string;
}

/** What became of a policy. */
export interface Trial {
    /** `namespace/name`. */
    policy: string;
    verdict: "kept" | "taken back";
    /** How long it was watched. */
    seconds: number;
    /** Pairs of identities of its pods that are authenticated in the end. */
    authenticated: number;
    refused: Refused[];
    /** What Cilium has against it. */
    invalid?: string;
}

/** How a trial is made. */
export interface TrialOptions {
    /** For how long nobody may be refused. */
    seconds: number;
    /** Whether somebody by that name is meant to be refused. */
    isExpected: (name: string) => boolean;
    /** Who has been refused before. */
    refusals: Refusals;
    say: (text: string) => void;
    /** Rejects when somebody ends it. */
    interrupted: Promise<never>;
}

/**
 * Applies the policy and watches.
 *
 * @throws Error when what happens cannot be seen, or somebody ends it: the policy is taken back then, too; or when somebody else has
 * changed it meanwhile, and it is left as it is.
 */
export async function tryPolicy(
    patient: Patient,
    proposal: Proposal,
    options: TrialOptions,
): Promise<Trial> {
    const { say, interrupted, refusals } = options;
    refusals.mark();
    say(`requiring authentication by ${proposal.title}`);
    const applied = await begin(patient.cluster, proposal);
    let trial: Trial;
    try {
        trial = await Promise.race([watch(patient, applied, options), interrupted]);
        if (trial.verdict === "kept") await keep(patient.cluster, applied);
    } catch (error) {
        if (error instanceof MeanwhileChanged) throw error;
        await back(patient, applied, options);
        throw new Error(`${messageOf(error)}; ${proposal.title} is taken back`);
    }
    if (trial.verdict === "taken back") await back(patient, applied, options);
    return trial;
}

async function back(patient: Patient, applied: Applied, { say }: TrialOptions): Promise<void> {
    say(`taking back ${applied.proposal.title}`);
    await takeBack(patient.cluster, applied);
}

async function watch(
    patient: Patient,
    applied: Applied,
    { seconds, isExpected, refusals, say }: TrialOptions,
): Promise<Trial> {
    const { proposal } = applied;
    const start = Date.now();
    for (;;) {
        const { drops, agents, identities } = await listen(patient, [proposal], WINDOW_S);
        refusals.add(drops);
        const pairs = await authenticatedOf(patient, agents, identities);
        refusals.forget((drop) => isThrough(drop, pairs));
        const watched = Math.round((Date.now() - start) / 1000);
        const found = await named(patient, refusals);
        const refused = found.filter(({ from, to }) => ![from, to].some((p) => isExpected(p.name)));
        const invalid = await complaintOf(patient.cluster, applied);
        const isBad = refused.length > 0 || invalid !== undefined;
        const trial: Trial = {
            ...{ policy: proposal.title, verdict: isBad ? "taken back" : "kept", seconds: watched },
            ...{ authenticated: pairs.length, refused, ...(invalid !== undefined && { invalid }) },
        };
        if (isBad || watched >= seconds) return trial;
        say(`${proposal.title}: nobody refused for ${watched} of ${seconds} s`);
    }
}

/** What is dropped beside the pods of policies in some seconds. */
export async function listen(patient: Patient, proposals: readonly Proposal[], seconds: number) {
    const endpoints = [...(await endpointsByAddress(patient.cluster)).values()];
    const pods = endpoints.filter((pod) => proposals.some((proposal) => isFor(proposal, pod)));
    const agents = await agentsBeside(patient, pods);
    const identities = new Set(pods.map(({ identity }) => identity));
    const listening = agents.map((agent) => dropsAt(patient, agent, seconds));
    // As long, where there is no pod and nobody to listen to.
    const [all] = await Promise.all([Promise.all(listening), setTimeout(seconds * 1000)]);
    const drops = all
        .flat()
        .filter(
            ({ fromIdentity, toIdentity }) =>
                identities.has(fromIdentity) || identities.has(toIdentity),
        );
    return { drops, agents, identities };
}

type Pairs = { local: number; remote: number; node: string }[];

async function authenticatedOf(
    patient: Patient,
    agents: readonly V1Pod[],
    identities: ReadonlySet<number>,
): Promise<Pairs> {
    const each = agents.map(async (agent) => {
        const pairs = await authenticatedAt(patient, agent);
        return pairs.map((pair) => ({ ...pair, node: agent.spec!.nodeName! }));
    });
    return (await Promise.all(each)).flat().filter(({ local }) => identities.has(local));
}

/** A pair that waited long, and was authenticated in the end. */
function isThrough({ reason, fromIdentity, toIdentity, node }: Drop, pairs: Pairs): boolean {
    const isOne = (local: number, remote: number) =>
        pairs.some((pair) => pair.node === node && pair.local === local && pair.remote === remote);
    if (reason !== "Authentication required") return false;
    return isOne(toIdentity, fromIdentity) || isOne(fromIdentity, toIdentity);
}

async function named({ cluster }: Patient, refusals: Refusals): Promise<Refused[]> {
    const lasting = refusals.lasting();
    if (lasting.length === 0) return [];
    const nameOf = await currentNames(cluster);
    return lasting.map(({ drop, seconds }) => {
        const { from, to, fromIdentity, toIdentity, port, protocol, reason, node } = drop;
        return {
            from: { identity: fromIdentity, name: nameOf(fromIdentity, from) },
            to: { identity: toIdentity, name: nameOf(toIdentity, to) },
            ...{ port, protocol, reason, seconds, node },
        };
    });
}
