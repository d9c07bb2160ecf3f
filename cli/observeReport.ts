/** What `observe` saw, for people and for programs. */
import { styleText } from "node:util";
import { stringify } from "yaml";
import type { Forecast, Verdict } from "../doctor/traffic/forecast";
import type { Observation } from "../doctor/traffic/observe";

const COLOURS = { refused: "red", passes: "green", exempt: "dim" } as const;
const HEAD = ["VERDICT", "FROM", "TO", "PORT", "WHY"];

/** Whether nobody would be refused, of those who were seen. */
export function isReady({ never, forecasts }: Observation): boolean {
    return never.length === 0 && forecasts.every(({ verdict }) => verdict !== "refused");
}

/** A line for each pair of identities at a port, and the sum. */
export function asText(observation: Observation): string {
    const { namespace, never, forecasts } = observation;
    return [
        ...tableOf(forecasts),
        ...(never.length > 0
            ? [
                  `${namespace} must never require authentication: what is in it has to work before anything has an identity (${never.join(", ")}).`,
              ]
            : []),
        sumOf(observation),
    ].join("\n");
}

/** Of forecasts, with an empty line after it; nothing when there are none. */
export function tableOf(forecasts: readonly Forecast[]): string[] {
    if (forecasts.length === 0) return [];
    const rows = [HEAD, ...forecasts.map(cells)];
    const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
    const table = rows.map((row, i) => {
        const [verdict, ...rest] = row.map((cell, j) => cell.padEnd(widths[j]!));
        const colour = i === 0 ? "bold" : COLOURS[row[0] as Verdict];
        return [styleText(colour, verdict!), ...rest].join("  ").trimEnd();
    });
    return [...table, ""];
}

/** One object, which a later version may add to. */
export function asJson(observation: Observation): string {
    return JSON.stringify({ ready: isReady(observation), ...observation }, null, 2);
}

/** The policies of who was seen, for `cilium-spire enforce` and for people to read before. */
export function asYaml({ namespace, seconds, policies }: Observation): string {
    const head = `# Lets in who connected to pods of ${namespace} within ${seconds} s, and nobody else: read it, and add who was not seen.\n# Pods have to authenticate. Nodes and addresses have no identity to prove, and come in as before.\n`;
    return head + policies.map((policy) => stringify(policy)).join("---\n");
}

/** A pod by its name, with its security identity. */
export function party({ name, identity }: Forecast["from"]): string {
    return `${name} (${identity})`;
}

function cells({ verdict, from, to, port, protocol, why }: Forecast): string[] {
    return [verdict, party(from), party(to), `${port}/${protocol}`, why];
}

function sumOf({ pods, seconds, forecasts }: Observation): string {
    const refused = forecasts.filter(({ verdict }) => verdict === "refused").length;
    const looked = `connections to ${pods} ${pods === 1 ? "pod" : "pods"} within ${seconds} s`;
    if (forecasts.length === 0) return `No ${looked}: nothing can be said of who would be refused.`;
    if (refused === 0) return `Nobody would be refused, of ${forecasts.length} pairs by ${looked}.`;
    return `${refused} of ${forecasts.length} pairs would be refused, by ${looked}.`;
}
