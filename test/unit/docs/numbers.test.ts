/** The versions and amounts that the documentation names are those of the code. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { unsupportedCilium } from "../../../versions/cilium";
import { SUPPORTED_SPIRE } from "../../../versions/spire";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { read } from "../../support/markdown";

/** The value of a constant, as its source says: it is of no use to other code. */
function constant(file: string, name: string): string {
    const found = new RegExp(`\\b${name}(?:: | = )"?([^;,\\n"]+)`).exec(read(file));
    assert.ok(found, `${file} has no ${name}`);
    return found[1]!;
}

/** A row of a document's table, by its first cell. */
function row(file: string, first: string): string {
    const line = read(file)
        .split("\n")
        .find((text) => text.startsWith(`| ${first} |`));
    assert.ok(line, `${file} has no row ${first}`);
    return line;
}

test("supported versions", () => {
    const { oldest, newestMinor } = SUPPORTED_SPIRE;
    assert.ok(row("README.md", "SPIRE").includes(`| ${oldest} to ${newestMinor},`));
    const [, first, last] = /\| 1\.(\d+) to 1\.(\d+),/
        .exec(row("README.md", "Cilium"))!
        .map(Number);
    const accepted = (minor: number) => unsupportedCilium(`1.${minor}.0`) === undefined;
    assert.deepEqual([first! - 1, first!, last!, last! + 1].map(accepted), [
        false,
        true,
        true,
        false,
    ]);
    const old = Number(constant("doctor/requirements.ts", "OLDEST_KUBERNETES"));
    const fine = Number(constant("doctor/requirements.ts", "FINE_GRAINED_KUBELET"));
    const wanted = `1.${fine} or newer; 1.${old} to 1.${fine - 1} with`;
    assert.ok(row("README.md", "Kubernetes").includes(wanted), wanted);
    assert.ok(
        row("docs/own-cluster.md", "Kubernetes").startsWith(`| Kubernetes | 1.${fine} or newer`),
    );
    // The page on compatibility says the same in the same words.
    const versionsIn = (file: string, name: string) =>
        /^\| \w+ \| ([^,[]+)/.exec(row(file, name))![1];
    for (const name of ["Kubernetes", "Cilium", "SPIRE"]) {
        assert.equal(versionsIn("docs/compatibility.md", name), versionsIn("README.md", name));
    }
});

test("what a user's machine needs", () => {
    const { engines, dependencies, devDependencies } = JSON.parse(read("package.json")) as {
        engines: { node: string };
        dependencies: Record<string, string>;
        devDependencies: Record<string, string>;
    };
    assert.equal(read(".nvmrc").trim(), devDependencies.node);
    const node = engines.node.replace(/^>=(\d+\.\d+)\.0$/, "$1");
    assert.ok(row("docs/own-cluster.md", "Node").includes(`| ${node} or newer`));
    assert.ok(read("CONTRIBUTING.md").includes(`Node ${node} or newer`));
    assert.equal(constant("entries-provider/src/kube/nodeVersion.ts", "OLDEST_NODE"), `${node}.0`);
    const cli = row("docs/own-cluster.md", "Pulumi CLI");
    const minor = constant("sandbox/build/programs.ts", "PULUMI_VERSION").replace(/\.\d+$/, "");
    assert.ok(cli.includes(`| ${minor} (run with it)`), minor);
    for (const plugin of ["kubernetes", "command"]) {
        const version = dependencies[`@pulumi/${plugin}`]!;
        assert.ok(cli.includes(`\`${plugin}\` ${version}`), `${plugin} ${version}`);
    }
});

test("what the sandbox needs", () => {
    const minimum = (name: string) => constant("sandbox/host/machine.ts", name);
    const gigabytes = (name: string) => `${Number.parseInt(minimum(name), 10)} GB`;
    for (const file of ["README.md", "sandbox/README.md"]) {
        const text = read(file).replaceAll(/\s+/g, " ");
        for (const wanted of [
            `Go ${minimum("MINIMUM_GO")}`,
            new RegExp(`kernel ${minimum("MINIMUM_KERNEL")}`),
            new RegExp(`${gigabytes("MINIMUM_MEMORY")} (of )?memory`),
            new RegExp(`${gigabytes("nothingBuilt")} (of )?disk`),
        ]) {
            assert.match(text, new RegExp(wanted), file);
        }
    }
});

test("make names every target, in columns, also without being asked", () => {
    // Without the variables by which make would know that the tests run below a make.
    const options = {
        cwd: repositoryRoot,
        encoding: "utf8",
        env: { PATH: process.env.PATH },
    } as const;
    const [bare, asked] = [[], ["help"]].map(
        (args) => spawnSync("make", ["--no-print-directory", ...args], options).stdout,
    );
    assert.equal(bare, asked);
    const lines = asked!.trimEnd().split("\n");
    const targets = /^\.PHONY: (.*)$/m.exec(read("Makefile"))![1]!.split(" ");
    assert.deepEqual(
        lines.map((line) => line.split(/\s+/)[2]).sort(),
        targets.filter((target) => target !== "build").sort(),
    );
    const columns = lines.map((line) => /^ {2}make \S+ +/.exec(line)![0].length);
    assert.equal(new Set(columns).size, 1);
});
