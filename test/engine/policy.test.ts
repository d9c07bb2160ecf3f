/** The policy pack under the real engine: each rule with what follows it and what breaks it, and the program's own stacks. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { enterPulumi, openStack, platformProgram } from "../../automation/stack";
import { ensureChart } from "../../sandbox/build/binaries";
import { repositoryRoot } from "../../sandbox/host/paths";
import type { Declared } from "../support/policy/declare";
import { prepareProduction, startApiServer } from "../support/apiServer";
import { enterPolicyPacks, POLICY_PACK } from "../support/policy/pack";
import { POD_CASES } from "../support/policy/podCases";
import { TRUST_CASES } from "../support/policy/trustCases";
import { start } from "./policyStack";

const CASES = [...POD_CASES, ...TRUST_CASES];
const BROKEN = CASES.flatMap(({ breaks }) => breaks);
const BREAKING = BROKEN.flatMap(({ resources }) => resources);

let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    await enterPulumi({ dir, kubeconfig: "" });
    // The provider's default, and refused together with rendering.
    delete process.env.KUBECONFIG;
    await enterPolicyPacks(dir);
});
after(() => rm(dir, { recursive: true, force: true }));

/** An operation of the stack `prod` of a project under the pack, to its end. */
async function run(
    wanted: number,
    verb: "preview" | "up",
    project: string,
    resources: Declared[],
    config?: object,
): Promise<string> {
    const workDir = join(dir, project);
    await mkdir(workDir);
    await symlink(join(repositoryRoot, "node_modules"), join(workDir, "node_modules"));
    const file = config && join(workDir, "policy.json");
    if (file) await writeFile(file, JSON.stringify(config));
    const chart = await ensureChart();
    const { code, output } = await start({
        ...{ workDir, verb, project, config: file },
        // Helm looks at a chart that is asked for.
        resources: resources.map(({ inputs, ...rest }) => ({
            ...rest,
            inputs: "chart" in inputs ? { ...inputs, chart } : inputs,
        })),
    }).ended;
    assert.equal(code, wanted, output);
    return output;
}

/** Policies and resources of the findings that a level has. */
function findings(output: string, level: "mandatory" | "advisory"): string[] {
    const lines = output.matchAll(/- \[(\w+)\] +(\S+) +\((.*)\)$/gm);
    const found = [...lines].filter(([, of]) => of === level).map(([, , ...what]) => what.join());
    return [...new Set(found)];
}

test("what follows the rules is let through", async () => {
    const resources = CASES.flatMap(({ follows }) => follows);
    const output = await run(0, "preview", "follows", resources);
    assert.match(output, /✅ cilium-spire@v/);
    assert.deepEqual([...findings(output, "mandatory"), ...findings(output, "advisory")], []);
});

test("what breaks one is refused, with what to do", async () => {
    const output = await run(1, "preview", "breaks", BREAKING);
    for (const { message } of BROKEN) assert.match(output, message);
    assert.equal(findings(output, "mandatory").length, BROKEN.length, output);
});

test("an up stops before it changes what a rule on one resource refuses", async () => {
    const [broken] = POD_CASES[0]!.breaks;
    const output = await run(1, "up", "stopped", broken!.resources);
    assert.match(output, broken!.message);
    assert.equal(existsSync(join(dir, "stopped", "manifests")), false);
});

test("rules can be advice, be switched off, and be told what differs", async () => {
    const config = {
        all: "advisory",
        "no-other-admins": "disabled",
        "host-paths": { enforcementLevel: "mandatory", agentPaths: ["/etc"] },
    };
    const output = await run(1, "preview", "configured", BREAKING, config);
    const mandatory = findings(output, "mandatory");
    assert.equal(mandatory.length, 2, mandatory.join("\n"));
    assert.ok(mandatory.every((finding) => finding.startsWith("host-paths,")));
    assert.equal(findings(output, "advisory").length, BROKEN.length - 3 - 3);
});

test("a configuration of the wrong type is refused", async () => {
    const config = { "pinned-images": { digests: "yes" } };
    const output = await run(1, "preview", "misconfigured", [], config);
    assert.match(output, /pinned-images[^]*digests/);
});

test("a stack whose platform writes the entries says so", async () => {
    const { breaks } = TRUST_CASES.find(({ policy }) => policy === "required-with-entries")!;
    const example = await readFile(join(POLICY_PACK, "example.json"), "utf8");
    const config = JSON.parse(example) as object;
    const output = await run(0, "preview", "consumer", breaks[0]!.resources, config);
    assert.match(output, /✅ cilium-spire@v/);
});

test("the program's own stacks follow the rules", async () => {
    const api = await startApiServer();
    try {
        await prepareProduction(api);
        process.env.KUBECONFIG = api.kubeconfig;
        for (const file of ["dev", "prod"] as const) {
            const found = await findingsOf(file, api.kubeconfig);
            assert.deepEqual(found, []);
        }
    } finally {
        await api.stop();
        delete process.env.KUBECONFIG;
    }
});

/** What the pack says of the program with a stack file. The entries, which need SPIRE, are those of `rules.test.ts`. */
async function findingsOf(file: "dev" | "prod", kubeconfig: string): Promise<string[]> {
    // The plugin of its command is not there.
    const program = await platformProgram({ "cilium-spire:verify": false });
    const stack = await openStack({ dir, kubeconfig }, program, file);
    const found: string[] = [];
    const { changeSummary } = await stack.preview({
        policyPacks: [POLICY_PACK],
        exclude: ["**AgentEntries::**", "**:Protection::**"],
        onEvent: ({ policyEvent }) => {
            if (policyEvent) found.push(`${policyEvent.policyName}: ${policyEvent.message}`);
        },
    });
    assert.ok(changeSummary.create! > 30, JSON.stringify(changeSummary));
    return found;
}
