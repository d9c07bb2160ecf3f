/**
 * `make operations`: the tests of what is done on a stack that lives. What they measure of operations under traffic goes to
 * docs/operations.json, and as a table into docs/operations.md. Together they take an hour, so `make test` is without them.
 *
 * Arguments: which to run, such as `55-doctor`; all when there are none.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
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

const RESULTS = join(repositoryRoot, "docs", "operations.json");
const DOCUMENT = join(repositoryRoot, "docs", "operations.md");
/** Set where the results are to be kept: a run of the tests by itself changes no file. */
const KEEP = "CILIUM_SPIRE_KEEP_OPERATIONS";
const DEADLINE_MS = 120 * 60_000;

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

async function main(wanted: string[]): Promise<void> {
    const folder = join(__dirname, "../test/operations");
    const names = globSync(join(folder, "*.test.js")).map((file) => basename(file, ".test.js"));
    const unknown = wanted.filter((name) => !names.includes(name));
    if (unknown.length > 0)
        throw new Error(`no ${unknown.join(", ")}; there are ${names.join(", ")}`);
    const chosen = wanted.length > 0 ? wanted : names;
    if (wanted.length === 0) writeFileSync(RESULTS, "[]\n");
    const files = chosen.sort().map((name) => join(folder, `${name}.test.js`));
    const { exitCode = 1 } = await execa(
        process.execPath,
        ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files],
        { env: { [KEEP]: "yes" }, stdio: "inherit", timeout: DEADLINE_MS, reject: false },
    );
    const text = readFileSync(DOCUMENT, "utf8");
    writeFileSync(DOCUMENT, withTable(text, operationsTable(readOperations()), "operations"));
    process.exitCode = exitCode;
}

if (require.main === module) {
    program.argument("[test...]", "names of tests; all when there are none").action(main);
    program.parseAsync().catch((error: unknown) => {
        console.error(messageOf(error));
        process.exitCode = 1;
    });
}
