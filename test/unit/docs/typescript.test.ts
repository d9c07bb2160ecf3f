/** Every TypeScript block of the documentation compiles in this repository as it stands, imports included. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { allBlocks, type Block, blocksOf } from "../../support/markdown";

/**
 * Compiles blocks, each as a file in the repository's root: where a reader who changes this program puts them.
 *
 * @returns the compiler's complaints, with the line of the document.
 */
function compile(blocks: Block[]): string[] {
    const { config } = ts.readConfigFile(join(repositoryRoot, "tsconfig.json"), (path) =>
        ts.sys.readFile(path),
    ) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(
        { ...config, include: [], files: [] },
        ts.sys,
        repositoryRoot,
    );
    // A fragment declares what its reader goes on with.
    Object.assign(options, { noEmit: true, incremental: false, noUnusedLocals: false });
    // What a program of one's own imports is built from here.
    options.paths = { "@cilium-spire/components": [join(repositoryRoot, "package", "index.ts")] };
    const sources = new Map(
        blocks.map((block, i) => [join(repositoryRoot, `documentation-${i}.ts`), block]),
    );
    const disk = ts.createCompilerHost(options);
    const host: ts.CompilerHost = {
        ...disk,
        getSourceFile: (path, how) => {
            const block = sources.get(path);
            if (!block) return disk.getSourceFile(path, how);
            return ts.createSourceFile(path, block.text, how);
        },
        fileExists: (path) => sources.has(path) || disk.fileExists(path),
        getCurrentDirectory: () => repositoryRoot,
    };
    const program = ts.createProgram([...sources.keys()], options, host);
    return [...sources].flatMap(([path, block]) => {
        const source = program.getSourceFile(path)!;
        return [
            ...program.getSyntacticDiagnostics(source),
            ...program.getSemanticDiagnostics(source),
        ].map(({ start, messageText }) => {
            const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
            return `${block.file}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
        });
    });
}

const IMPORT = 'import { MutualAuthPolicy } from "./components/cilium/authPolicy";';
const wrong = blocksOf(
    "wrong.md",
    [
        "```ts",
        IMPORT,
        'new MutualAuthPolicy("p", { namespace: "n", pods: {}, ingress: [{ labels: {}, port: 1 }] });',
        "```",
        "```ts",
        'new MutualAuthPolicy("p", { namespace: "n", pods: {} });',
        "```",
    ].join("\n"),
);

test("every TypeScript block compiles; a wrong field and a missing import do not", () => {
    const blocks = allBlocks().filter(({ language }) => language === "ts");
    assert.ok(blocks.length > 0);
    const complaints = compile([...blocks, ...wrong]);
    const expected = complaints.filter((text) => text.startsWith("wrong.md:"));
    assert.equal(expected.length, 2, expected.join("\n"));
    assert.match(expected[0]!, /^wrong\.md:3: .*'port' does not exist/s);
    assert.match(expected[1]!, /^wrong\.md:6: Cannot find name 'MutualAuthPolicy'/);
    assert.deepEqual(
        complaints.filter((text) => !expected.includes(text)),
        [],
    );
});
