/** What `cilium-spire diff` makes of recorded previews of the main program: test/recordPreviews.ts, on the sandbox. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, mock, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import { main } from "../../../cli/main";
import { asJson } from "../../../review/json";
import { asMarkdown } from "../../../review/markdown";
import { previewOf } from "../../../review/preview";
import { reviewOf } from "../../../review/review";
import { asText } from "../../../review/text";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { assertGolden } from "../../support/golden";

/** What is expected of each, beside its golden files. */
const RECORDED = {
    "first-up": { code: 0, changes: true, onlyNodes: false },
    nothing: { code: 0, changes: false, onlyNodes: false },
    "node-joined": { code: 0, changes: true, onlyNodes: true },
    upgrade: { code: 0, changes: true, onlyNodes: false },
    failed: { code: 2, changes: false, onlyNodes: false },
};

function recorded(name: string): string {
    const file = join(repositoryRoot, "test", "fixtures", "previews", `${name}.json.gz`);
    return gunzipSync(readFileSync(file)).toString("utf8");
}

describe("a recorded preview", () => {
    for (const [name, { changes, onlyNodes }] of Object.entries(RECORDED)) {
        test(name, () => {
            const review = reviewOf(previewOf(recorded(name)));
            assertGolden(`test/golden/diff/${name}.txt`, asText(review));
            assertGolden(`test/golden/diff/${name}.md`, asMarkdown(review));
            const found = JSON.parse(asJson(review)) as { changes: boolean; onlyNodes: boolean };
            assert.deepEqual([found.changes, found.onlyNodes], [changes, onlyNodes]);
        });
    }

    test("that a node joined is ten lines", () => {
        const lines = asText(reviewOf(previewOf(recorded("node-joined")))).split("\n");
        assert.ok(lines.length <= 10, lines.join("\n"));
    });
});

describe("the command's exit codes", () => {
    /** The line's exit code and what it printed. */
    async function diff(...args: string[]): Promise<{ code: number; out: string; said: string }> {
        const [out, said] = [[] as string[], [] as string[]];
        const log = mock.method(console, "log", (line: string) => out.push(`${line}\n`));
        const error = mock.method(console, "error", (line: string) => said.push(line));
        try {
            const code = await main(["diff", ...args]);
            return { code, out: out.join(""), said: said.join("\n") };
        } finally {
            log.mock.restore();
            error.mock.restore();
        }
    }

    test("say whether there was a preview, and with --exit-code whether it would change something", async (t) => {
        const dir = await mkdtemp(join(tmpdir(), "diff-"));
        t.after(() => rm(dir, { recursive: true }));
        for (const [name, { code, changes }] of Object.entries(RECORDED)) {
            const file = join(dir, `${name}.json`);
            await writeFile(file, recorded(name));
            const usual = await diff(file);
            assert.deepEqual(usual, { code, out: textOf(`${name}.txt`), said: "" });
            const strict = await diff("--exit-code", "--format", "markdown", file);
            const wanted = { code: code || Number(changes), out: textOf(`${name}.md`), said: "" };
            assert.deepEqual(strict, wanted);
        }
    });

    test("are 2 for what is no preview, which is named", async () => {
        const text = await diff(join(repositoryRoot, "README.md"));
        assert.deepEqual([text.code, text.out], [2, ""]);
        assert.match(text.said, /^cilium-spire: .*README\.md: it is not JSON: write it by/);
        const absent = await diff("absent.json");
        assert.equal(absent.code, 2);
        assert.match(absent.said, /^cilium-spire: absent\.json: ENOENT: no such file/);
    });

    test("are those of the process, which reads standard input", async () => {
        const command = [join(repositoryRoot, "cli", "run.js"), "diff", "--exit-code"];
        const options = { input: recorded("node-joined"), reject: false } as const;
        const { exitCode, stdout } = await execa(process.execPath, command, options);
        assert.deepEqual([exitCode, `${stdout}\n`], [1, textOf("node-joined.txt")]);
    });
});

function textOf(golden: string): string {
    return readFileSync(join(repositoryRoot, "test", "golden", "diff", golden), "utf8");
}
