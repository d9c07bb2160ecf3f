/** What docs/backup.md tells to do with copies by the clock, done in a shell as it stands there. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { ensureBinary } from "../../sandbox/build/binaries";
import { BACKUP_IMAGE } from "../../sandbox/build/testImages";
import { blocksOf, read } from "./markdown";
import { sandbox } from "./world";

const DOCUMENT = "docs/backup.md";

/** The blocks of the section, in its order. */
export function documentedSteps() {
    const parts = read(DOCUMENT).split(/^## /m);
    const section = parts.find((part) => part.startsWith("From a copy by the clock"))!;
    const texts = blocksOf(DOCUMENT, section).map(({ text }) => text);
    assert.equal(texts.length, 6);
    const [pod, fetch, decrypt, sqlite, postgres, then] = texts as [string, ...string[]];
    return { pod, fetch, decrypt, sqlite, postgres, then } as Record<Step, string>;
}

export type Step = "pod" | "fetch" | "decrypt" | "sqlite" | "postgres" | "then";

/**
 * Runs scripts one after another in one shell, in the directory with the files that they name.
 *
 * @param withServer whether the pod mounts the server's volume, as it does with sqlite.
 */
export async function follow(dir: string, scripts: string[], withServer = true): Promise<string> {
    const { pod } = documentedSteps();
    const image = /image: \S+/;
    assert.match(pod, image);
    const lines = pod.split("\n").filter((line) => withServer || !line.endsWith("# sqlite"));
    const text = lines.join("\n").replace(image, `image: ${BACKUP_IMAGE}`);
    await writeFile(join(dir, "spire-volumes.yaml"), text);
    const PATH = `${dirname(await ensureBinary("kubectl"))}:${process.env.PATH}`;
    const { stdout } = await execa("bash", ["-euo", "pipefail", "-c", scripts.join("\n")], {
        ...{ cwd: dir, env: { PATH, KUBECONFIG: sandbox.kubeconfig }, timeout: 400_000 },
    });
    return stdout;
}

/** The lines of a step that a pattern fits. */
export function linesOf(step: Step, pattern: RegExp): string[] {
    const lines = documentedSteps()
        [step].split("\n")
        .filter((line) => pattern.test(line));
    assert.ok(lines.length > 0, `${step}: ${pattern.source}`);
    return lines;
}
