/**
 * `make operations`: how long each operation on a living stack takes, and what becomes of requests between authenticated pods
 * meanwhile. The end-to-end tests of these operations measure it; results go to docs/operations.json, and as a table into
 * docs/operations.md.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "commander";
import { execa } from "execa";
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

/** Test files that call {@link record}. */
const TESTS = ["33-rotation", "38-trust-domain", "80-upgrade", "81-cilium-upgrade"];
const RESULTS = join(repositoryRoot, "docs", "operations.json");
const DOCUMENT = join(repositoryRoot, "docs", "operations.md");
/** Set where the results are to be kept: a run of the tests by itself changes no file. */
const KEEP = "CILIUM_SPIRE_KEEP_OPERATIONS";
const DEADLINE_MS = 60 * 60_000;

/** Prints what was seen, and keeps it where `make operations` runs. */
export function record(result: OperationResult): void {
    console.log(row(result));
    if (process.env[KEEP] !== "yes") return;
    const results = readOperations();
    const at = results.findIndex(({ operation }) => operation === result.operation);
    results.splice(at < 0 ? results.length : at, at < 0 ? 0 : 1, result);
    writeFileSync(RESULTS, JSON.stringify(results, undefined, 4) + "\n");
}

/** What docs/operations.json holds. */
export function readOperations(): OperationResult[] {
    return JSON.parse(readFileSync(RESULTS, "utf8")) as OperationResult[];
}

/** A row per operation, in the order in which they were first seen. */
export function operationsTable(results: readonly OperationResult[]): string {
    return [
        "| operation | takes | requests | answered | refused | lost | longest gap | without authentication |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ...results.map(row),
    ].join("\n");
}

function row({ operation, seconds, ...counts }: OperationResult): string {
    const { sent, answered, refused, lost, longestGapSeconds, plainGapSeconds } = counts;
    const cells = [
        ...[operation, `${Math.round(seconds)} s`, sent, answered, refused, lost],
        ...[longestGapSeconds, plainGapSeconds].map((gap) =>
            gap === undefined ? "not measured" : `${gap.toFixed(1)} s`,
        ),
    ];
    return `| ${cells.join(" | ")} |`;
}

async function main(): Promise<void> {
    const files = TESTS.flatMap((name) =>
        globSync(join(__dirname, `../test/operations/${name}.test.js`)),
    );
    if (files.length < TESTS.length) throw new Error(`not all of ${TESTS.join(", ")} are there`);
    writeFileSync(RESULTS, "[]\n");
    await execa(process.execPath, ["--test", "--test-concurrency=1", ...files], {
        ...{ env: { [KEEP]: "yes" }, stdio: "inherit", timeout: DEADLINE_MS },
        cwd: join(__dirname, "../test/operations"),
    });
    const text = readFileSync(DOCUMENT, "utf8");
    writeFileSync(DOCUMENT, withTable(text, operationsTable(readOperations()), "operations"));
}

if (require.main === module) {
    program.action(main);
    void program.parseAsync();
}
