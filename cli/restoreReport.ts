/** What a restore would do, for people. */
import type { Entry } from "@cilium-spire/entries-provider";
import type { Backup } from "../backup/document";
import { SKIPPED } from "../backup/entryPlan";
import { type OnConflict, type RestorePlan, stepCount } from "../backup/plan";

/** Told by their number alone: there are thousands, and somebody writes them. */
const COUNTED: string[] = [SKIPPED.own, SKIPPED.identity];

const FATE: Record<OnConflict, string> = {
    refuse: "in the way, so nothing is written; --conflicts keep leaves them, --conflicts overwrite does not",
    keep: "left as the server has them",
    overwrite: "overwritten",
};

/** A line for each step, then what is left out, with the reasons. */
export function restoreText(backup: Backup, plan: RestorePlan, onConflict: OnConflict): string {
    const { takenAt, cluster, spireVersion, trustDomain } = backup;
    const from = `${trustDomain} as of ${takenAt}, ${cluster.name ?? cluster.apiServer}, SPIRE ${spireVersion}`;
    return [
        from,
        ...stepLines(plan),
        ...(plan.conflicts.length > 0
            ? [`${plan.conflicts.length} ${FATE[onConflict]}:`, ...indented(plan.conflicts)]
            : []),
        ...[...plan.skipped].flatMap(([reason, names]) => [
            `left out: ${names.length}, ${reason}`,
            ...(COUNTED.includes(reason) ? [] : indented(names)),
        ]),
        ...plan.notes.map((note) => `note: ${note}`),
        `${stepCount(plan)} to write, ${plan.present} there already`,
    ].join("\n");
}

function stepLines({ bundles, relationships, entries, ban }: RestorePlan): string[] {
    const entryLine = (sign: string) => (entry: Entry) =>
        `${sign} entry ${entry.id}: ${entry.spiffeId} under ${entry.parentId}${rightsOf(entry)}`;
    return [
        ...bundles.map(([name]) => `+ bundle of ${name}`),
        ...relationships.create.map((r) => `+ federation with ${r.trustDomain}: ${r.url}`),
        ...relationships.update.map((r) => `~ federation with ${r.trustDomain}: ${r.url}`),
        ...entries.create.map(entryLine("+")),
        ...entries.update.map(entryLine("~")),
        ...ban.map((agent) => `+ ban of ${agent}`),
    ];
}

/** What lets its holder rule the server, or sign for others. */
function rightsOf({ admin, downstream }: Entry): string {
    return `${admin ? ", ADMIN" : ""}${downstream ? ", DOWNSTREAM" : ""}`;
}

function indented(lines: string[]): string[] {
    return lines.map((line) => `    ${line}`);
}
