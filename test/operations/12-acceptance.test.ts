/** Cilium's own acceptance tests of mutual authentication, by its CLI, on a stack that is up. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { ensureBinary } from "../../sandbox/build/binaries";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { ACCEPTANCE_IMAGE_SPECS, ACCEPTANCE_IMAGES } from "../../sandbox/build/testImages";
import { nodeNamed } from "../../sandbox/host/instance";
import { loadImages } from "../../sandbox/nodes/nodes";
import { kubectl, nodeNames, sandbox, world } from "../support/world";

/** Of the namespaces that the CLI makes: it appends a number. */
const NAMESPACE = "cilium-acceptance";
/** The one lets pods connect that authenticate, the other has an authentication that always fails; both also with ranges of ports. */
const TESTS = ["echo-ingress-mutual-auth-spiffe", "echo-ingress-auth-always-fail"];
const DEADLINE_MS = 600_000;

let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-acceptance-"));
    const archive = await ensureTestImageArchive(ACCEPTANCE_IMAGE_SPECS);
    const nodes = nodeNames(await world()).map((name) => nodeNamed(sandbox, name));
    await Promise.all(nodes.map((node) => loadImages(node, archive)));
});
after(async () => {
    await kubectl(`delete namespace ${NAMESPACE}-1 --ignore-not-found`);
    await rm(dir, { recursive: true });
});

test("Cilium's acceptance tests of mutual authentication pass", async () => {
    const report = join(dir, "report.xml");
    const images = Object.entries(ACCEPTANCE_IMAGES).map(([flag, image]) => `--${flag}=${image}`);
    const { failed, all } = await execa(
        await ensureBinary("cilium"),
        [
            ...["connectivity", "test", `--test-namespace=${NAMESPACE}`, `--junit-file=${report}`],
            ...TESTS.map((name) => `--test=${name}`),
            ...images,
            "--hubble=false",
        ],
        { all: true, reject: false, timeout: DEADLINE_MS },
    );
    assert.ok(!failed, all);
    const ran = selected(await readFile(report, "utf8"));
    assert.ok(
        TESTS.every((name) => ran.has(name)),
        all,
    );
    assert.deepEqual([...new Set(ran.values())], ["passed"], all);
    const [line, tests, actions] =
        /All (\d+) tests \((\d+) actions\) successful, .* 0 scenarios skipped/.exec(all) ?? [];
    assert.ok(Number(tests) === ran.size && Number(actions) > 0, all);
    console.log(`${[...ran.keys()].join(", ")}: ${line}`);
});

/** Status by name of the tests that were asked for, in a JUnit report. */
function selected(report: string): Map<string, string> {
    const cases = report.matchAll(/<testcase [^>]*?\bname="([^"]+)"[^>]*?\bstatus="([^"]+)"/g);
    const all = [...cases].map(([, name, status]) => [name!, status!] as const);
    return new Map(all.filter(([name]) => TESTS.some((wanted) => name.startsWith(wanted))));
}
