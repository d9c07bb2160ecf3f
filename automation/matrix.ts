/**
 * `make matrix`: the main job and its proof for each pair of a Cilium and a SPIRE that can be built, each on a cluster of its
 * own. `CILIUM=` and `SPIRE=` restrict it to one version. Results go to docs/matrix.json, and as a table into the documents.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "commander";
import { execa } from "execa";
import {
    buildableVersions,
    KUBERNETES_VERSION,
    type Versions,
    wantedVersions,
} from "../sandbox/build/versions";
import { instance } from "../sandbox/host/instance";
import { repositoryRoot } from "../sandbox/host/paths";
import { progress } from "../sandbox/host/shell";

/** What was seen of a pair, and under which Kubernetes. */
interface Result extends Versions {
    kubernetes: string;
    /** Day of the run. */
    date: string;
    passed: boolean;
}

const RESULTS = join(repositoryRoot, "docs", "matrix.json");
/** With the table. */
export const DOCUMENTS = ["README.md", "docs/compatibility.md"];
/** Pulling up a cluster, all builds and the proof: the builds of one pair take a quarter of an hour. */
const PAIR_DEADLINE_MS = 45 * 60_000;

async function main(): Promise<void> {
    wantedVersions(); // refuses what cannot be built
    const chosen = (name: keyof Versions) => {
        const only = process.env[name.toUpperCase()];
        return only ? [only] : buildableVersions(name);
    };
    const results = readResults();
    const failed: string[] = [];
    for (const cilium of chosen("cilium")) {
        for (const spire of chosen("spire")) {
            const passed = await prove({ cilium, spire });
            if (!passed) failed.push(`Cilium ${cilium} with SPIRE ${spire}`);
            const others = results.filter((r) => r.cilium !== cilium || r.spire !== spire);
            const date = new Date().toISOString().slice(0, 10);
            results.splice(0, results.length, ...others, {
                cilium,
                spire,
                kubernetes: KUBERNETES_VERSION,
                date,
                passed,
            });
            // After each: a run that is interrupted has not been for nothing.
            writeFileSync(RESULTS, JSON.stringify(results, undefined, 4) + "\n");
        }
    }
    for (const document of DOCUMENTS) {
        const file = join(repositoryRoot, document);
        writeFileSync(file, withTable(readFileSync(file, "utf8"), table(results)));
    }
    for (const each of failed) console.log(`failed: ${each}`);
    process.exitCode = Number(failed.length > 0);
}

/** The main job in a process of its own, on a sandbox of its own that is new. */
async function prove(versions: Versions): Promise<boolean> {
    const sandbox = instance(process.env.CILIUM_SPIRE_SANDBOX ?? 5);
    const log = `${sandbox.stateDir}-matrix.log`;
    const env = {
        CILIUM: versions.cilium,
        SPIRE: versions.spire,
        CILIUM_SPIRE_SANDBOX: String(sandbox.number),
    };
    const output = { file: log, append: true } as const;
    const run = async (script: string, verb: string) => {
        const { failed } = await execa(process.execPath, [join(__dirname, script), verb], {
            ...{ env, stdin: "ignore", stdout: output, stderr: output },
            ...{ timeout: PAIR_DEADLINE_MS, buffer: false, reject: false },
        });
        return !failed;
    };
    const pair = `Cilium ${versions.cilium}, SPIRE ${versions.spire}`;
    progress(`${pair} ...`);
    const passed = (await run("../sandbox/cli.js", "down")) && (await run("up.js", "up"));
    progress(`${pair}: ${passed ? "proven" : `failed, see ${log}`}`);
    await run("../sandbox/cli.js", "down");
    return passed;
}

/** What docs/matrix.json holds. */
export function readResults(): Result[] {
    return JSON.parse(readFileSync(RESULTS, "utf8")) as Result[];
}

/** A row per release of Cilium, a column per release of SPIRE. */
export function table(results: readonly Result[]): string {
    const versions = (name: keyof Versions) =>
        [...new Set(results.map((r) => r[name]))].sort((a, b) =>
            a.localeCompare(b, "en", { numeric: true }),
        );
    const spires = versions("spire");
    const cell = (cilium: string, spire: string) => {
        const result = results.find((r) => r.cilium === cilium && r.spire === spire);
        if (!result) return "not run";
        return result.passed ? `proven, Kubernetes ${result.kubernetes}` : "failed";
    };
    return [
        `| | ${spires.map((spire) => `SPIRE ${spire}`).join(" | ")} |`,
        `| --- |${" --- |".repeat(spires.length)}`,
        ...versions("cilium").map(
            (cilium) =>
                `| Cilium ${cilium} | ${spires.map((spire) => cell(cilium, spire)).join(" | ")} |`,
        ),
    ].join("\n");
}

/**
 * A text with the table between its markers, `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
 *
 * @throws Error when the text has no markers.
 */
export function withTable(text: string, content: string, name = "matrix"): string {
    const markers = ["begin", "end"].map((which) => `<!-- ${name}:${which} -->`);
    const [begin, end] = markers.map((marker) => text.indexOf(marker)) as [number, number];
    if (begin < 0 || end < begin) throw new Error(`no ${markers.join(" and ")} in the text`);
    return `${text.slice(0, begin + markers[0]!.length)}\n\n${content}\n\n${text.slice(end)}`;
}

if (require.main === module) {
    program.action(main);
    void program.parseAsync();
}
