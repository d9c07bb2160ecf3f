/** The proof with a stage of its own, from its first pod to the removal of the last. */
import { type Cluster, ClusterUnreachable, messageOf } from "@cilium-spire/entries-provider";
import type { Authority } from "../discovery";
import type { Evidence } from "./evidence";
import { Proof } from "./proof";
import { Stage, type StageOptions } from "./stage";

/** What was seen, or why nothing was proven. */
export type Verdict = { evidence: Evidence[] } | { refuted: string };

/** How {@link proveOnStage} goes about it. */
export interface StagedProof extends StageOptions {
    /** Deadline for the pods to be Ready, in milliseconds. */
    podsWaitMs: number;
    /** Deadline for the first packet, in milliseconds. */
    waitMs: number;
    /** Told what is being done. */
    onStep: (step: string) => void;
    /** Rejects to end it early; the pods are removed then, too. */
    interrupted?: Promise<never>;
}

/**
 * Makes pods, proves with them that Cilium authenticates, and removes them in every case.
 *
 * @throws Error when that could not be tried: the pods do not start, or the API server does not answer.
 */
export async function proveOnStage(
    cluster: Cluster,
    authority: Authority,
    { podsWaitMs, waitMs, onStep, interrupted, ...options }: StagedProof,
): Promise<Verdict> {
    const stage = new Stage(cluster, options);
    const act = async (): Promise<Verdict> => {
        onStep("making the pods of the proof");
        const scene = await stage.setUp(podsWaitMs);
        onStep("waiting for the first authenticated packets");
        try {
            return { evidence: await new Proof(cluster, authority, scene).proveAnew(waitMs) };
        } catch (error) {
            if (error instanceof ClusterUnreachable) throw error;
            return { refuted: messageOf(error) };
        }
    };
    try {
        return await (interrupted ? Promise.race([act(), interrupted]) : act());
    } finally {
        onStep("removing the pods");
        await stage.remove();
    }
}
