/** Runs the test file that is its argument, prints a line per test, and sends the tally to the process that started it. */
import { run } from "node:test";
import { FILE_DEADLINE_MS } from "./deadline";
import { report } from "./reporter";

async function main(path: string): Promise<void> {
    const tally = await report(run({ files: [path], timeout: FILE_DEADLINE_MS }), {
        verbose: true,
    });
    process.send!(tally);
    process.disconnect();
}

main(process.argv[2]!).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
