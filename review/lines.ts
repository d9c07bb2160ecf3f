/** A review as marked lines, which text and Markdown share. */
import type { EntrySetChange, NodeGroup } from "./entries";
import { counted, differenceLines, type Line, list, type Mark, MARKS } from "./line";
import { resourceLines } from "./resourceLines";
import type { Review } from "./review";

export interface Section {
    title: string;
    lines: Line[];
}

/** `2 to create, 1 to update; 41 unchanged`, or that nothing would change. */
export function sumOf({ counts, unchanged, complete }: Review): string {
    const parts = Object.entries(counts)
        .filter(([, count]) => count > 0)
        .map(([op, count]) => `${count} to ${op}`);
    const sum = parts.join(", ");
    if (complete) return `${sum || "nothing would change"}; ${unchanged} unchanged`;
    return `it did not come to its end${sum ? `; as far as it came: ${sum}` : ""}`;
}

/** Registration entries first: nobody else shows them. */
export function sections({ sets, changes }: Review): Section[] {
    const resources = resourceLines(changes);
    return [
        ...sets.map((set) => ({ title: titleOf(set), lines: linesOfSet(set) })),
        ...(resources.length > 0 ? [{ title: "Resources", lines: resources }] : []),
    ];
}

function titleOf({ name, kind, size, op }: EntrySetChange): string {
    const entries = size === 1 ? "1 entry" : `${size} entries`;
    return `Registration entries "${name}" (${kind}), ${op === "delete" ? "none left" : `then ${entries}`}`;
}

function linesOfSet(set: EntrySetChange): Line[] {
    const nodes = (mark: Mark, names: string[], what: [one: string, many: string]): Line[] =>
        names.length > 0
            ? [
                  {
                      mark,
                      text: `${counted(names, "node")} ${names.length === 1 ? what[0] : what[1]}: ${list(names)}`,
                  },
              ]
            : [];
    const groups = (found: NodeGroup[]): Line[] =>
        found.map(({ what, nodes }) => ({ mark: "~", text: `${list(nodes)}: ${what}` }));
    const lines: Line[] = [
        ...nodes("+", set.joined, ["gets entries", "get entries"]),
        ...nodes("~", set.recreated, [
            "was made anew, and gets new entries",
            "were made anew, and get new entries",
        ]),
        ...nodes("-", set.left, ["loses its entries", "lose their entries"]),
        ...set.excluded.map(({ what, nodes }): Line => ({
            mark: "-",
            text: `${counted(nodes, "node")} left out, ${what}: ${list(nodes)}`,
        })),
        ...groups(set.changed),
        ...set.shared.flatMap(({ key, op, differences }): Line[] => [
            { mark: MARKS[op], text: `shared by all nodes: ${key}` },
            ...differenceLines(differences),
        ]),
        ...groups(set.drift),
    ];
    if (set.evicted > 0) {
        const text = `agents of nodes that are gone, which will be evicted: ${set.evicted}`;
        lines.push({ mark: "-", text });
    }
    if (set.unfinished)
        lines.push({
            mark: "~",
            text: "the last up failed after it had written entries: what follows is done now",
        });
    return [...lines, ...differenceLines(set.settings)];
}
