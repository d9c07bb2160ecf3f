/** What was done with the stacks of a fleet, for people. */
import type { Operation } from "../fleet/project";
import type { Outcome } from "../fleet/rollout";
import { sumOf } from "../review/lines";
import type { Op } from "../review/resources";

const DONE: Record<Op, string> = {
    create: "created",
    update: "updated",
    replace: "replaced",
    delete: "deleted",
};

/** What an `up` would change, and what that means for pods; or why it is refused. */
export function previewText({ review, errors }: Operation): string {
    if (errors.length > 0) return ["refused:", ...errors].join("\n");
    return [sumOf(review), ...review.effects].join("\n");
}

/** `2 created, 1 updated; 41 unchanged`. */
export function doneText({ review: { counts, unchanged } }: Operation): string {
    const parts = (Object.keys(DONE) as Op[])
        .filter((op) => counts[op] > 0)
        .map((op) => `${counts[op]} ${DONE[op]}`);
    return `${parts.join(", ") || "nothing changed"}; ${unchanged} unchanged`;
}

/** How far it came, and what to do next. */
export function outcomeText({ healthy, failed, unexamined, untouched }: Outcome): string {
    const list = (what: string, stacks: string[]) =>
        stacks.length > 0 ? [`${what}: ${stacks.join(", ")}`] : [];
    const left = [...list("up, not examined", unexamined), ...list("not touched", untouched)];
    if (failed.length + left.length === 0) return `healthy: ${healthy.join(", ")}`;
    return [
        ...failed.flatMap(({ stack, during, why }) => [
            `${stack}: ${during === "up" ? "the up failed" : "is up, but not healthy"}`,
            ...why.split("\n").map((line) => `    ${line}`),
        ]),
        ...list("healthy", healthy),
        ...left,
        "Stopped. The same command goes on: what is up and healthy has nothing to do.",
    ].join("\n");
}
