/** A preview as a reviewer needs it: what it means, the registration entries by node, the resources. */
import { effects } from "./effects";
import { type EntrySetChange, entrySetChange, isByNodes, isEntrySet } from "./entries";
import type { Preview } from "./preview";
import { isLook, type Op, type ResourceChange, resourceChanges } from "./resources";

export interface Review {
    project?: string;
    stack?: string;
    /** False when the preview failed: what there is may be a part. */
    complete: boolean;
    errors: string[];
    warnings: string[];
    /** What it means for pods. */
    effects: string[];
    sets: EntrySetChange[];
    changes: ResourceChange[];
    /** By what would be done, entry sets included; components and new providers are not counted. */
    counts: Record<Op, number>;
    unchanged: number;
}

/** What a preview comes to. Pure. */
export function reviewOf(preview: Preview): Review {
    const { project, stack, complete, errors, warnings, unchanged } = preview;
    const sets = preview.steps
        .filter((step) => isEntrySet(step) && step.op !== "same")
        .map(entrySetChange);
    const changes = resourceChanges(preview, isEntrySet);
    const counts: Record<Op, number> = { create: 0, update: 0, replace: 0, delete: 0 };
    for (const { op } of [...sets, ...changes]) counts[op]++;
    return {
        ...(project !== undefined && { project }),
        ...(stack !== undefined && { stack }),
        ...{ complete, errors, warnings, unchanged, sets, changes, counts },
        effects: effects(changes, sets),
    };
}

/** True when an `up` would do something. */
export function hasChanges({ sets, changes }: Review): boolean {
    return sets.length + changes.length > 0;
}

/**
 * True when all that an `up` would do follows from nodes that joined, left or were made anew: it brings no code, no setting
 * and nothing that somebody changed by hand.
 */
export function onlyNodes({ complete, sets, changes }: Review): boolean {
    return complete && sets.length > 0 && sets.every(isByNodes) && changes.every(isLook);
}
