/** A review for programs, such as the workflow that runs an `up` when a node joined. */
import { hasChanges, onlyNodes, type Review } from "./review";

/** One object, which a later version may add to. */
export function asJson(review: Review): string {
    const { project, stack, complete, errors, warnings, effects, counts, unchanged, sets } = review;
    return JSON.stringify({
        ...{ project, stack, complete, errors, warnings, effects, counts, unchanged },
        changes: hasChanges(review),
        onlyNodes: onlyNodes(review),
        sets: sets.map(({ kind, name, op, joined, left, recreated, excluded, drift }) => ({
            ...{ kind, name, op, joined, left, recreated, excluded, drift },
        })),
    });
}
