/** The plan of the house (.dependency-cruiser.cjs) finds what breaks it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import { repositoryRoot } from "../../sandbox/host/paths";
import { run } from "../../sandbox/host/shell";

/** What the command says of a house of these files. */
async function said(files: Record<string, string>): Promise<string> {
    const house = await mkdtemp(join(tmpdir(), "floors-"));
    try {
        for (const name of ["node_modules", "tsconfig.json", ".dependency-cruiser.cjs"]) {
            await symlink(join(repositoryRoot, name), join(house, name));
        }
        for (const [path, text] of Object.entries(files)) {
            await mkdir(dirname(join(house, path)), { recursive: true });
            await writeFile(join(house, path), text);
        }
        return await run("depcruise", ["."], { cwd: house }).catch(
            (error: unknown) => (error as Error).message,
        );
    } finally {
        await rm(house, { recursive: true });
    }
}

const GROUND = { "versions/a.ts": "export const a = 1;" };

test("a house that keeps to its floors is in order", async () => {
    const files = { ...GROUND, "settings/b.ts": 'export { a } from "../versions/a";' };
    assert.match(await said(files), /no dependency violations found \(2 modules, 1 dependencies/);
});

/** In one house, since each call of the command takes a second: what breaks the plan, and what is said of it. */
const broken: Record<string, [files: Record<string, string>, RegExp]> = {
    "a circle of files": [
        {
            "settings/circle/a.ts": 'import type { B } from "./b"; export type A = B[];',
            "settings/circle/b.ts": 'import type { A } from "./a"; export type B = A[];',
        },
        /error circle: settings\/circle\/[ab]\.ts/,
    ],
    "a circle of folders": [
        {
            "components/x/a.ts": 'export { b } from "../y/b";',
            "components/x/c.ts": "export const c = 1;",
            "components/y/b.ts": 'export { c as b } from "../x/c";',
        },
        /error circle-of-folders: components\/[xy]/,
    ],
    "a floor that uses one above": [
        {
            "settings/climbs.ts": 'export { c } from "../components/x/c";',
        },
        /error climb-from-settings: settings\/climbs\.ts → components\/x\/c\.ts/,
    ],
    "what is shipped with what is not": [
        { "index.ts": 'export { b } from "./sandbox/b";', "sandbox/b.ts": "export const b = 1;" },
        /error climb-from-config-outputs-state-index: index\.ts → sandbox\/b\.ts/,
    ],
    "Pulumi in the settings": [
        { "settings/engine.ts": 'export { all } from "@pulumi/pulumi";' },
        /error no-pulumi-below-components: settings\/engine\.ts/,
    ],
    "kubernetesx outside of its file": [
        { "components/pods.ts": 'export * as kx from "@pulumi/kubernetesx";' },
        /error kubernetesx-in-one-place: components\/pods\.ts/,
    ],
};

test("refused: an import of nothing", async () => {
    const files = { "settings/a.ts": 'export { b } from "./b";' };
    assert.match(await said(files), /error unresolved: settings\/a\.ts/);
});

describe("refused", () => {
    let all: string;
    before(async () => {
        const files = Object.values(broken).map(([files]) => files);
        all = await said(Object.assign({ ...GROUND }, ...files) as typeof GROUND);
    });
    for (const [what, [, error]] of Object.entries(broken)) {
        test(what, () => assert.match(all, error));
    }
    test("and nothing else", () => {
        const names = [...all.matchAll(/error ([\w-]+):/g)].map(([, name]) => name!);
        assert.equal(new Set(names).size, Object.keys(broken).length, all);
    });
});
