/** Writes the tables of docs/performance.md and the README from docs/performance.json: `npm run -s reference`. A unit test refuses stale ones. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTable } from "../automation/matrix";
import {
    type ContestFigures,
    exponent,
    type PacketFigures,
    type Performance,
    type Policy,
    readPerformance,
    type RequestFigures,
    type Transport,
} from "../bench/figures";
import { repositoryRoot } from "../sandbox/host/paths";

const POLICIES: Record<Policy, string> = {
    none: "none",
    labels: "by labels alone",
    authentication: "by labels, authentication required",
};

const TRANSPORTS: Record<Transport, string> = {
    plain: "none",
    mutualTls: "mutual TLS",
};

/** Both documents with their tables, by their paths. */
export function performanceTables(
    performance: Performance,
    read: (path: string) => string,
): Record<string, string> {
    const tables = {
        machine: `Measured on ${performance.machine}.`,
        packets: packets(performance),
        requests: requests(performance),
        first: first(performance),
        registration: registration(performance),
        quiet: quiet(performance),
        contest: contest(performance),
    };
    const filled = Object.entries(tables).reduce(
        (text, [name, table]) => withTable(text, table, name),
        read("docs/performance.md"),
    );
    return {
        "docs/performance.md": filled,
        "README.md": withTable(read("README.md"), figures(performance), "figures"),
    };
}

function packets({ packets: all }: Performance): string {
    return loads("policy", all, ({ policy }) => POLICIES[policy]);
}

function requests({ requests: all }: Performance): string {
    return loads("TLS", all, ({ transport }) => TRANSPORTS[transport]);
}

/** @param what tells the rows apart, beside the connection: the column's head, and its text; `none` is what others are compared with. */
function loads<T extends PacketFigures | RequestFigures>(
    what: string,
    all: readonly T[],
    of: (each: T) => string,
): string {
    const rows = all.map((each) => {
        const { connections, median, p99, perSecond } = each;
        const bare = all.find((e) => of(e) === "none" && e.connections === connections);
        return [
            of(each),
            connections === "kept" ? "is kept" : "is new for each",
            ...[median, p99].map((value) => `${value.toFixed(2)} ms`),
            perSecond.toFixed(0),
            (perSecond / bare!.perSecond).toFixed(2),
        ];
    });
    const head = [what, "connection", "half", "99 in a hundred", "per second"];
    return table([...head, "throughput against none"], rows);
}

function first({ first: all }: Performance): string {
    const rows = all.map(({ when, median, worst, samples }) => [
        `of a pair ${when}`,
        ...[median, worst].map((value) => `${value.toFixed(value < 100 ? 1 : 0)} ms`),
        samples,
    ]);
    return table(["first request", "median", "worst", "samples"], rows);
}

function registration({ registration: all, delivery }: Performance): string {
    const rows = all.map(
        ({ agents, seconds, execSeconds, execSample, stateBytes, memoryBytes }) => [
            agents.toLocaleString("en"),
            `${seconds.toFixed(2)} s`,
            execSeconds === undefined
                ? "not tried"
                : `${execSeconds.toFixed(1)} s${execSample! < 2 * agents ? ` (from ${execSample})` : ""}`,
            execSeconds === undefined ? "" : (execSeconds / seconds).toFixed(1),
            `${(stateBytes / 1024).toFixed(1)} KiB`,
            `${(memoryBytes / 1024 ** 2).toFixed(1)} MiB`,
        ],
    );
    const large = all.filter(({ agents }) => agents >= 30);
    const growth = (of: "seconds" | "stateBytes") =>
        exponent(large.map((each) => [each.agents, each[of]])).toFixed(2);
    const head = ["agents", "this program", "an exec per entry", "ratio", "state", "memory"];
    return [
        table(head, rows),
        "",
        `From ${large[0]!.agents} agents on, time grows with the power ${growth("seconds")} of their number and the state with ${growth("stateBytes")}.`,
        `From an identity's entry to its SVID at Cilium's agent: median ${delivery.median.toFixed(1)} s, worst of ${delivery.samples} ${delivery.worst.toFixed(1)} s.`,
    ].join("\n");
}

function quiet({ quiet: q }: Performance): string {
    const rows = [
        ["preview", q.preview, q.barePreview] as const,
        ["up", q.up, q.bareUp] as const,
    ].map(([what, ours, bare]) => [
        `\`pulumi ${what}\``,
        `${ours.toFixed(1)} s`,
        `${bare.toFixed(1)} s`,
        (ours / bare).toFixed(1),
    ]);
    const head = [`of ${q.resources} resources`, "this program", "ConfigMaps", "ratio"];
    return table(head, rows);
}

function contest({ contest: all }: Performance): string {
    const row = (what: string, of: (each: ContestFigures) => string) => [what, ...all.map(of)];
    const seconds =
        (key: "installed" | "first" | "heal" | "join" | "joinByUp") => (each: ContestFigures) =>
            each[key] === undefined ? "" : `${each[key].toFixed(0)} s`;
    const rows = [
        row("an empty cluster, until the command ends", seconds("installed")),
        row("an empty cluster, until new pods are authenticated", seconds("first")),
        row("the server's pod lost, until new pods are authenticated", seconds("heal")),
        row("a new node is Ready, until a pod on it is authenticated", seconds("join")),
        row("the same with `perAgent`, the `up` included", seconds("joinByUp")),
        row(
            "memory of server and agents",
            ({ memoryBytes }) => `${(memoryBytes / 1024 ** 2).toFixed(0)} MiB`,
        ),
        row(
            "CPU of server and agents when all is quiet",
            ({ cpuShare }) => `${(cpuShare * 1000).toFixed(0)} m`,
        ),
    ];
    return table(["", ...all.map(({ who }) => who)], rows);
}

/** What a reader of the README wants to know first. */
function figures(performance: Performance): string {
    const { registration: all, packets: requests, first: firsts, delivery, contest } = performance;
    const rows = all.map(({ agents, seconds, execSeconds }) => [
        `register ${agents.toLocaleString("en")} agents`,
        `${seconds.toFixed(2)} s`,
        execSeconds === undefined ? "not tried" : `${execSeconds.toFixed(1)} s`,
    ]);
    const of = (policy: Policy) =>
        requests.find((each) => each.policy === policy && each.connections === "new")!;
    const ratio = of("authentication").median / of("none").median;
    const { join, joinByUp } = contest.find(({ who }) => who === "this program")!;
    const unknown = firsts.find(({ when }) => when === "that Cilium has to authenticate")!;
    return [
        `\`make bench\` on ${performance.machine}. "Guides' way": a \`kubectl exec\` per entry.`,
        "",
        table(
            ["", "this project", "guides' way"],
            [
                ...rows,
                [
                    "from an entry to the SVID at Cilium's agent",
                    `median ${delivery.median.toFixed(1)} s`,
                    "",
                ],
                [
                    "a request of an authenticated pair, against one without a policy",
                    `${ratio.toFixed(2)} times as long`,
                    "",
                ],
                [
                    "the first request of a pair that Cilium has to authenticate",
                    `median ${(unknown.median / 1000).toFixed(1)} s`,
                    "",
                ],
                [
                    "a new node is Ready, until a pod on it is authenticated",
                    `${join.toFixed(0)} s with \`nodeAlias\`, ${joinByUp!.toFixed(0)} s with \`perAgent\` and an \`up\` at once`,
                    "",
                ],
            ],
        ),
    ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
    const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
    return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (require.main === module) {
    const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
    for (const [path, text] of Object.entries(performanceTables(readPerformance(), read))) {
        writeFileSync(join(repositoryRoot, path), text);
    }
}
