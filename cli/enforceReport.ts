/** What `enforce` did and saw, for people and for programs. */
import type { Enforcement } from "../enforcement/enforce";
import type { Refused, Trial } from "../enforcement/trial";
import { party, tableOf } from "./observeReport";

/** Whether nobody is refused who is not meant to be, as far as was looked. */
export function isWell({ unexpected, trials }: Enforcement): boolean {
    return unexpected.length === 0 && trials.every(({ verdict }) => verdict === "kept");
}

/** Who connected before, what became of each policy, and what to do now. @param files where the policies are. */
export function asText(enforcement: Enforcement, files: readonly string[]): string {
    const { forecasts, trials } = enforcement;
    return [...tableOf(forecasts), ...trials.map(trialLine), hintOf(enforcement, files)].join("\n");
}

/** One object, which a later version may add to. */
export function asJson(enforcement: Enforcement): string {
    return JSON.stringify({ well: isWell(enforcement), ...enforcement }, null, 2);
}

function trialLine({ policy, verdict, seconds, authenticated, refused, invalid }: Trial): string {
    const head = `${verdict.padEnd("taken back".length)}  ${policy}: `;
    if (invalid !== undefined) return `${head}Cilium says: ${invalid}`;
    if (refused.length > 0) return head + refused.map(refusedText).join("; ");
    const pairs = `${authenticated} ${authenticated === 1 ? "pair" : "pairs"} of identities`;
    return `${head}nobody was refused within ${seconds} s, ${pairs} authenticated`;
}

function refusedText({ from, to, port, protocol, reason, seconds, node }: Refused): string {
    return `${party(from)} to ${party(to)} at ${port}/${protocol}, ${reason}, for ${seconds} s on ${node}`;
}

function hintOf(enforcement: Enforcement, files: readonly string[]): string {
    const { lookSeconds, pods, forecasts, unexpected, trials } = enforcement;
    const looked = `connections to ${pods} ${pods === 1 ? "pod" : "pods"} within ${lookSeconds} s`;
    if (unexpected.length > 0) {
        const names = [...new Set(unexpected.map(({ from }) => from.name))].join(" ");
        return `Nothing was changed: ${unexpected.length} of ${forecasts.length} pairs would be refused, by ${looked}. Name them in a rule, cure what is wrong, or, where it is meant: --refuse ${names}`;
    }
    if (trials.length === 0) {
        return `Nothing was changed. Nobody would be refused who is not meant to be, by ${looked}.`;
    }
    if (trials.at(-1)!.verdict === "taken back") {
        const kept = trials.length - 1;
        const rest = kept > 0 ? `; the ${kept} before it ${kept === 1 ? "stays" : "stay"}` : "";
        return `It is as it was before${rest}.`;
    }
    return `They are on the cluster alone: put ${files.join(", ")} where your policies come from.`;
}
