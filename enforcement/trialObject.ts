/** A policy on trial: the object on the cluster, which has with it what was there before. */
import { type Cluster, poll } from "@cilium-spire/entries-provider";
import { BEFORE_TRIAL } from "../components/names";
import {
    allPolicies,
    complaintAbout,
    type LivePolicy,
    type ManagedFields,
} from "../doctor/checks/policyObjects";
import type { Rule } from "../doctor/checks/selector";
import { createPolicy, deletePolicy, findPolicy, MANAGER, replacePolicy } from "./policyApi";
import type { Proposal } from "./proposal";

/** How long the way back is tried, while the API server does not answer. */
const BACK_MS = 120_000;

/** What a trial replaces; without `spec` and `specs` there was no policy of that name. */
interface Before {
    /** When the trial began. */
    at: string;
    labels?: Record<string, string> | undefined;
    annotations?: Record<string, string> | undefined;
    managedFields?: ManagedFields[] | undefined;
    spec?: Rule | undefined;
    specs?: Rule[] | undefined;
}

/** A policy that was applied and is neither kept nor taken back. */
export interface Applied {
    proposal: Proposal;
    generation: number;
}

/**
 * Asks the API server whether it takes the policy; changes nothing.
 *
 * @throws Error with its refusal, or when a trial of the policy has begun and not ended.
 */
export async function rehearse(cluster: Cluster, proposal: Proposal): Promise<void> {
    await write(cluster, proposal, now(), true);
}

/** Puts the policy in force. @throws as {@link rehearse}; it is not in force then. */
export async function begin(cluster: Cluster, proposal: Proposal): Promise<Applied> {
    const at = now();
    try {
        const { metadata } = await write(cluster, proposal, at, false);
        return { proposal, generation: metadata.generation };
    } catch (error) {
        // Written all the same, where only the answer was lost.
        await wayBack(proposal, async () => {
            const live = await findPolicy(cluster, proposal.object);
            if (live && beforeOf(live)?.at === at) await restore(cluster, live);
        });
        throw error;
    }
}

/**
 * What Cilium has against a policy on trial.
 *
 * @returns undefined when it takes it.
 * @throws MeanwhileChanged when it is not what was applied any more.
 */
export async function complaintOf(cluster: Cluster, applied: Applied): Promise<string | undefined> {
    return complaintAbout(await unchanged(cluster, applied));
}

/** Ends the trial: the policy stays, and nothing on it tells of the trial. @throws MeanwhileChanged */
export async function keep(cluster: Cluster, applied: Applied): Promise<void> {
    const live = await unchanged(cluster, applied);
    const { [BEFORE_TRIAL]: _before, ...annotations } = live.metadata.annotations ?? {};
    // Whoever applies it from now on is not to meet a conflict with this command.
    const managedFields = live.metadata.managedFields?.filter(({ manager }) => manager !== MANAGER);
    const metadata = { ...live.metadata, annotations, managedFields };
    await replacePolicy(cluster, { ...live, metadata });
}

/**
 * Puts back what was there before the trial; tries for a while where the API server does not answer.
 *
 * @throws MeanwhileChanged; Error when it cannot be reached.
 */
export async function takeBack(cluster: Cluster, applied: Applied): Promise<void> {
    const changed = await wayBack(applied.proposal, async () => {
        try {
            await restore(cluster, await unchanged(cluster, applied));
        } catch (error) {
            if (error instanceof MeanwhileChanged) return error;
            throw error;
        }
        return undefined;
    });
    if (changed) throw changed;
}

/** Tries until the API server has answered. @returns what `attempt` does. */
async function wayBack<T>(proposal: Proposal, attempt: () => Promise<T>): Promise<T> {
    const what = `way back for ${proposal.title}, which may still be in force ("cilium-spire enforce --back" tries again)`;
    return await poll(BACK_MS, what, async () => ({ done: await attempt() }), { errorsWait: true });
}

/** Takes back all policies of the cluster whose trial has not ended. @returns their titles. */
export async function takeBackAll(cluster: Cluster): Promise<string[]> {
    const tried = (await allPolicies(cluster)).filter(beforeOf);
    for (const live of tried) await restore(cluster, live);
    return tried.map(({ metadata: { namespace, name } }) =>
        namespace === undefined ? name : `${namespace}/${name}`,
    );
}

/** Somebody else has changed the policy while it was tried: it is left as it is. */
export class MeanwhileChanged extends Error {
    constructor(title: string, live: LivePolicy | undefined) {
        const others = (live?.metadata.managedFields ?? []).flatMap(({ manager, subresource }) =>
            manager === undefined || manager === MANAGER || subresource === "status" ? [] : manager,
        );
        const by = others.length > 0 ? ` by ${[...new Set(others)].join(" or ")}` : "";
        super(
            live
                ? `${title} was changed${by} while it was tried: it is left as it is now`
                : `${title} was deleted while it was tried`,
        );
    }
}

/** @throws MeanwhileChanged */
async function unchanged(cluster: Cluster, { proposal, generation }: Applied): Promise<LivePolicy> {
    const live = await findPolicy(cluster, proposal.object);
    if (live && beforeOf(live) && live.metadata.generation === generation) return live;
    throw new MeanwhileChanged(proposal.title, live);
}

/** @param at when the trial begins. */
async function write(
    cluster: Cluster,
    proposal: Proposal,
    at: string,
    dryRun: boolean,
): Promise<LivePolicy> {
    const { object, title } = proposal;
    const live = await findPolicy(cluster, object);
    const unfinished = live && beforeOf(live);
    if (unfinished) {
        throw new Error(
            `${title} is tried since ${unfinished.at}, by somebody else or by a command that was killed; "cilium-spire enforce --back" ends all trials`,
        );
    }
    const before: Before = { at, ...contentOf(live) };
    const { labels, annotations } = object.metadata;
    const put = { ...annotations, [BEFORE_TRIAL]: JSON.stringify(before) };
    if (!live) {
        const metadata = { ...object.metadata, annotations: put };
        return await createPolicy(cluster, { ...object, metadata }, dryRun);
    }
    const metadata = {
        ...live.metadata,
        labels: { ...live.metadata.labels, ...labels },
        annotations: { ...live.metadata.annotations, ...put },
    };
    const { apiVersion, kind, spec, specs } = object;
    return await replacePolicy(cluster, { apiVersion, kind, metadata, spec, specs }, dryRun);
}

function now(): string {
    return new Date().toISOString();
}

/** What a trial has put on a policy; undefined where there is none. */
function beforeOf({ metadata }: LivePolicy): Before | undefined {
    const text = metadata.annotations?.[BEFORE_TRIAL];
    return text === undefined ? undefined : (JSON.parse(text) as Before);
}

function contentOf(live: LivePolicy | undefined): Omit<Before, "at"> {
    if (!live) return {};
    const { labels, annotations, managedFields } = live.metadata;
    return { labels, annotations, managedFields, spec: live.spec, specs: live.specs };
}

async function restore(cluster: Cluster, live: LivePolicy): Promise<void> {
    const { apiVersion, kind, metadata } = live;
    const { spec, specs, labels, annotations, managedFields } = beforeOf(live)!;
    if (!spec && !specs) {
        await deletePolicy(cluster, live);
        return;
    }
    const body = { apiVersion, kind, metadata: { ...metadata, labels, annotations }, spec, specs };
    const restored = await replacePolicy(cluster, body);
    // Now that no field differs, they can be said to be whose they were.
    const owned = { ...restored.metadata, managedFields };
    await replacePolicy(cluster, { ...restored, metadata: owned });
}
