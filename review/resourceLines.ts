/** The lines of resources: those that change what runs first, and once what many have in common. */
import { differenceLines, type Line, list, MARKS, said } from "./line";
import type { Op, ResourceChange } from "./resources";

/** So many resources that change in the same way are one line. */
const COMMON = 3;

/** What a reviewer looks at first. Others come between, in Pulumi's order. */
const FIRST = ["DaemonSet", "StatefulSet", "Deployment", "ConfigMap"];
const LAST = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

/** New ones, those that change, those that go. */
export function resourceLines(changes: readonly ResourceChange[]): Line[] {
    const of = (...ops: Op[]) =>
        changes.filter(({ op }) => ops.includes(op)).sort((a, b) => rank(a) - rank(b));
    return [
        ...together(of("create")),
        ...changed(of("update", "replace")),
        ...together(of("delete")),
    ];
}

function rank({ kind }: ResourceChange): number {
    const first = FIRST.indexOf(kind);
    if (first >= 0) return first;
    return FIRST.length + 1 + LAST.indexOf(kind);
}

/** What has nothing to compare: one line for each kind. */
function together(changes: readonly ResourceChange[]): Line[] {
    const kinds = Map.groupBy(changes, ({ kind }) => kind);
    return [...kinds].map(([kind, members]) => {
        const names = members.map(({ name }) => name);
        const many = names.length > 1 ? `${names.length} ` : "";
        return { mark: MARKS[members[0]!.op], text: `${many}${kind}: ${list(names)}` };
    });
}

function changed(changes: readonly ResourceChange[]): Line[] {
    const all = changes.flatMap((change) =>
        change.differences.map((difference) => ({ change, text: said(difference) })),
    );
    const common = [...Map.groupBy(all, ({ text }) => text)].filter(
        ([, of]) => of.length >= COMMON,
    );
    const isCommon = new Set(common.map(([text]) => text));
    const rests = changes.map((change) => ({
        change,
        rest: change.differences.filter((difference) => !isCommon.has(said(difference))),
    }));
    const isTold = ({ change, rest }: (typeof rests)[0]) =>
        rest.length > 0 || change.op === "replace";
    // Nothing is known of them, or nothing that others do not say.
    const mute = rests.filter((one) => !isTold(one) && one.change.differences.length === 0);
    return [
        ...rests
            .filter(isTold)
            .flatMap(({ change, rest }) => [title(change), ...differenceLines(rest)]),
        ...together(mute.map(({ change }) => change)),
        ...common.map(([text, of]): Line => {
            const names = of.map(({ change: { kind, name } }) => `${kind} ${name}`);
            return { mark: "~", text: `in ${of.length} resources, ${text}: ${list(names)}` };
        }),
    ];
}

function title({ op, kind, name, replacing }: ResourceChange): Line {
    const because = replacing.length > 0 ? `, by ${list(replacing)}` : "";
    const how = op === "replace" ? ` (replaced${because})` : "";
    return { mark: MARKS[op], text: `${kind} ${name}${how}` };
}
