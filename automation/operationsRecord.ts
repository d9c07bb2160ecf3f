/** What the tests of `make operations` have seen: docs/operations.json, and its tables in docs/operations.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../sandbox/host/paths";
import { withTable } from "./matrix";

/** What was seen of an operation. */
export interface OperationResult {
    /** For people, as a row's first cell. */
    operation: string;
    seconds: number;
    /** Requests that were sent meanwhile, and what became of them. */
    sent: number;
    answered: number;
    refused: number;
    lost: number;
    longestGapSeconds: number;
    /** The same of pods between which nothing is authenticated; absent where that was not measured. */
    plainGapSeconds?: number;
}

/** What was seen of an alert that a real fault set off. */
export interface AlertResult {
    alert: string;
    fault: string;
    /** Seconds from the fault until it fired, and from the cure until no alert did. */
    firesAfter: number;
    clearAfter: number;
}

/** What was seen of a finding of the doctor on a cluster that was broken on purpose. */
export interface FindingResult {
    /** Its ID in docs/troubleshooting.md. */
    finding: string;
    fault: string;
    /** Seconds from the fault until it was found, and until its cure had healed it. */
    foundAfter: number;
    healedAfter: number;
}

/** What docs/operations.json holds. */
export interface Recorded {
    operations: OperationResult[];
    alerts: AlertResult[];
    findings: FindingResult[];
}

const RESULTS = join(repositoryRoot, "docs", "operations.json");
const DOCUMENT = join(repositoryRoot, "docs", "operations.md");
/** Set where the results are to be kept: a run of the tests by itself changes no file. */
export const KEEP = "CILIUM_SPIRE_KEEP_OPERATIONS";

/** Prints what was seen of an operation, and keeps it where `make operations` runs. */
export function record(result: OperationResult): void {
    console.log(operationRow(result));
    keep("operations", result, ({ operation }) => operation);
}

/** As {@link record}, of an alert. */
export function recordAlert(result: AlertResult): void {
    keep("alerts", result, ({ alert }) => alert);
}

/** As {@link record}, of a finding. */
export function recordFinding(result: FindingResult): void {
    keep("findings", result, ({ fault }) => fault);
}

function keep<Kind extends keyof Recorded>(
    kind: Kind,
    result: Recorded[Kind][number],
    keyOf: (result: Recorded[Kind][number]) => string,
): void {
    if (process.env[KEEP] !== "yes") return;
    const recorded = readRecorded();
    const results: Recorded[Kind][number][] = recorded[kind];
    const at = results.findIndex((each) => keyOf(each) === keyOf(result));
    results.splice(at < 0 ? results.length : at, at < 0 ? 0 : 1, result);
    writeFileSync(RESULTS, JSON.stringify(recorded, undefined, 4) + "\n");
}

export function readRecorded(): Recorded {
    return JSON.parse(readFileSync(RESULTS, "utf8")) as Recorded;
}

/** Forgets what earlier runs have seen. */
export function clearRecorded(): void {
    writeFileSync(RESULTS, '{ "operations": [], "alerts": [], "findings": [] }\n');
}

/** Writes the tables of docs/operations.md anew. */
export function writeTables(): void {
    const text = readFileSync(DOCUMENT, "utf8");
    writeFileSync(DOCUMENT, withTables(text, readRecorded()));
}

/** The text of docs/operations.md with the tables of what was seen. */
export function withTables(text: string, { operations, alerts, findings }: Recorded): string {
    const tables = {
        operations: operationsTable(operations),
        alerts: alertsTable(alerts),
        findings: findingsTable(findings),
    };
    return Object.entries(tables).reduce((all, [name, table]) => withTable(all, table, name), text);
}

/** A row per operation, in the order in which they were first seen. */
export function operationsTable(results: readonly OperationResult[]): string {
    return [
        "| operation | takes | requests | answered | refused | lost | longest gap | without authentication |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ...results.map(operationRow),
    ].join("\n");
}

function operationRow({ operation, seconds, ...counts }: OperationResult): string {
    const { sent, answered, refused, lost, longestGapSeconds, plainGapSeconds } = counts;
    const gaps = [longestGapSeconds, plainGapSeconds].map((gap) =>
        gap === undefined ? "not measured" : `${gap.toFixed(1)} s`,
    );
    return row([operation, whole(seconds), sent, answered, refused, lost, ...gaps]);
}

function alertsTable(results: readonly AlertResult[]): string {
    return [
        "| alert | set off by | fires after | clear after the cure |",
        "| --- | --- | --- | --- |",
        ...results.map(({ alert, fault, firesAfter, clearAfter }) =>
            row([alert, fault, whole(firesAfter), whole(clearAfter)]),
        ),
    ].join("\n");
}

function findingsTable(results: readonly FindingResult[]): string {
    return [
        "| finding | on a cluster where | found after | healed after |",
        "| --- | --- | --- | --- |",
        ...results.map(({ finding, fault, foundAfter, healedAfter }) =>
            row([`\`${finding}\``, fault, whole(foundAfter), whole(healedAfter)]),
        ),
    ].join("\n");
}

function row(cells: readonly (string | number)[]): string {
    return `| ${cells.join(" | ")} |`;
}

function whole(seconds: number): string {
    return `${Math.round(seconds)} s`;
}
