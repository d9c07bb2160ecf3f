/** What a check is, and what it says of what it finds. */
import type { Patient } from "../patient";

/** A kind of trouble, as docs/troubleshooting.md has it. Words in capitals stand for what a finding fills in. */
export interface Trouble {
    /** One word for programs, of this trouble alone. */
    id: string;
    /** What somebody sees who does not know the cause. */
    symptom: string;
    /** Why it matters, in a sentence. */
    why: string;
    /** What to do; commands between backticks. */
    cure: string;
    /** Something that an `up` goes on without: it is told, and the cluster counts as healthy all the same. */
    note?: true;
}

/** A trouble that a check has found. */
export interface Finding {
    /** Of the trouble. */
    trouble: string;
    what: string;
    /** The object that is to be looked at: `Deployment kube-system/cilium-operator`. */
    where: string;
    why: string;
    /** Exact: every word that stood for something is filled in. */
    cure: string;
    note?: true;
}

/** What a check has seen: in a few words when all is well, or what is wrong. */
export interface Outcome {
    seen: string;
    findings: Finding[];
}

export interface Check {
    /** One word for command lines and programs. */
    id: string;
    /** For people. */
    name: string;
    /** All that it can find. */
    troubles: readonly Trouble[];
    /** It compares with settings, which only a stack has. */
    needsStack?: true;
    /** It looks with rights that an `up` does not need: who lacks them is told, and nothing is wrong. */
    extra?: true;
    run: (patient: Patient) => Promise<Outcome>;
}

/** How a trouble without a kind of its own is cured. */
export const UNREADABLE: Trouble = {
    id: "unreadable",
    symptom: "A check of the doctor could not look.",
    why: "What it looks at is not known to be well.",
    cure: "do what the finding says, then run the doctor again",
};

/**
 * Of a trouble, what was found here.
 *
 * @param where see {@link Finding.where}.
 * @param words by the word in capitals that the cure has for each.
 */
export function found(
    trouble: Trouble,
    where: string,
    what: string,
    words: Record<string, string> = {},
): Finding {
    const { id, why, note } = trouble;
    const filled = trouble.cure.replaceAll(/\b[A-Z]{2,}\b/g, (word) => words[word] ?? word);
    const cure = filled.replaceAll(/ {2,}/g, " ");
    return { trouble: id, what, where, why, cure, ...(note && { note }) };
}
