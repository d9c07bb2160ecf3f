/** What the tests of a phase print, and how they are counted. */
import type { TestEvent } from "node:test/reporters";

export interface Tally {
    passed: number;
    failed: number;
    /** The name of the first that failed. */
    firstFailed?: string;
}

/**
 * Prints failures, with a line per test and what they print when `verbose`. A skipped test and a todo count as failed: the
 * tests of this project can all be run. So does a report that was lost: a test can write over what its process reports.
 */
export async function report(
    events: AsyncIterable<TestEvent>,
    { verbose }: { verbose: boolean },
): Promise<Tally> {
    const tally: Tally = { passed: 0, failed: 0 };
    let run = 0;
    for await (const event of events) {
        if (event.type === "test:pass") {
            const { name, details, skip, todo } = event.data;
            if (details.type === "suite") continue;
            if (skip !== undefined || todo !== undefined) {
                console.log(`  ${name}: skipped, which counts as failed here`);
                tally.failed++;
                tally.firstFailed ??= name;
                continue;
            }
            tally.passed++;
            if (verbose) console.log(`  ok ${name} (${(details.duration_ms / 1000).toFixed(1)} s)`);
        } else if (event.type === "test:fail") {
            const { name, file, details } = event.data;
            // A suite fails with its tests; one that fails by itself, in a hook, has no failed test to count.
            const error = details.error as Error & { failureType?: string };
            if (details.type === "suite" && error.failureType === "subtestsFailed") continue;
            tally.failed++;
            tally.firstFailed ??= name;
            const cause = error.cause instanceof Error ? error.cause : error;
            console.log(
                `  FAILED ${name} (${file ?? ""})\n${indent(cause.stack ?? cause.message)}`,
            );
        } else if (event.type === "test:summary" && event.data.file !== undefined) {
            run += event.data.counts.tests;
        } else if (verbose && (event.type === "test:stdout" || event.type === "test:stderr")) {
            process.stdout.write(`    ${event.data.message}`);
        }
    }
    const lost = run - tally.passed - tally.failed;
    if (lost > 0) {
        console.log(`  ${lost} tests of ${run} were run, and not reported`);
        tally.failed++;
        tally.firstFailed ??= "reports that were lost";
    }
    return tally;
}

function indent(text: string): string {
    return text.replace(/^/gm, "    ");
}
