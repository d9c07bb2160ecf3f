/**
 * The doctor on clusters that are broken in one way each: it must find that and nothing else, and its cure must heal it.
 * The commands of a cure are run as the finding has them.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { recordFinding } from "../../automation/operationsRecord";
import { checks } from "../../doctor/checks";
import type { Finding } from "../../doctor/checks/check";
import { examineUntilHealthy, type Result } from "../../doctor/examination/examine";
import { type KnownStack, knownStack } from "../../doctor/site";
import { settingsOfFile } from "../../doctor/stackFile";
import { commandsOf, type Fault, findingOf, troublesOf } from "./faults/fault";
import { faultsOf } from "./faults";
import { kubectl, world, type World } from "../support/world";

/** Of a healthy cluster of three nodes, with nothing else to do. */
const HEALTHY_MS = 10_000;
const FOUND_MS = 90_000;
const HEALED_MS = 180_000;

let state: World;
let stack: KnownStack;

before(async () => {
    state = await world();
    const file = join(state.platform.workspace.workDir, "Pulumi.dev.yaml");
    stack = knownStack(settingsOfFile(file), { project: "cilium-spire", stack: "dev" });
    // What the stack has just made may be written about in the last lines of logs.
    await examineUntilQuiet(HEALED_MS, true);
});

async function examine(withStack: boolean): Promise<Result[]> {
    const { cluster } = state;
    return await examineUntilHealthy({ cluster, ...(withStack && { stack }) });
}

/** @throws AssertionError that says what the doctor still found at the deadline. */
async function examineUntilQuiet(withinMs: number, withStack: boolean): Promise<Result[]> {
    const deadline = Date.now() + withinMs;
    for (;;) {
        const results = await examine(withStack);
        if (troublesOf(results).length === 0) return results;
        if (Date.now() > deadline) assert.deepEqual(whatOf(results), []);
        await setTimeout(1000);
    }
}

/** Those before this one that its cure is to heal, and when each was made and found. */
const pending: Fault[] = [];
const seen = new Map<Fault, { made: number; found: number }>();

async function find(fault: Fault): Promise<Finding> {
    const deadline = Date.now() + FOUND_MS;
    for (;;) {
        const results = await examine(!fault.withoutStack);
        const finding = findingOf(fault, results, pending);
        if (finding) return finding;
        if (Date.now() > deadline) {
            assert.fail(`not found, or not alone: ${JSON.stringify(whatOf(results), null, 1)}`);
        }
        await setTimeout(1000);
        if (fault.passing) await fault.make();
    }
}

function whatOf(results: readonly Result[]): string[] {
    return results.flatMap(({ id, findings }) =>
        findings.map(({ trouble, what }) => `${id}/${trouble}: ${what}`),
    );
}

async function cure(fault: Fault, finding: Finding): Promise<void> {
    if (fault.heal) {
        await fault.heal();
        return;
    }
    for (const command of commandsOf(finding, fault.run)) {
        const [program, ...words] = command.split(" ");
        if (program === "kubectl") await kubectl(words.join(" "));
        else await state.platform.up({ refresh: words.includes("--refresh") });
    }
}

function recordHealed(fault: Fault): void {
    const { made, found } = seen.get(fault)!;
    recordFinding({
        finding: fault.trouble,
        fault: fault.name,
        foundAfter: (found - made) / 1000,
        healedAfter: (Date.now() - made) / 1000,
    });
}

describe("a healthy cluster", () => {
    for (const [how, withStack] of [
        ["with its stack", true],
        ["by its kubeconfig alone", false],
    ] as const) {
        test(`gives no finding, ${how}`, async (t) => {
            const start = Date.now();
            const results = await examine(withStack);
            const ms = Date.now() - start;
            t.diagnostic(`${ms} ms`);
            assert.deepEqual(whatOf(results), []);
            const leftOut = results.filter(({ verdict }) => verdict === "left out");
            const needy = checks.filter(({ needsStack }) => needsStack).map(({ id }) => id);
            assert.deepEqual(
                leftOut.map(({ id }) => id),
                withStack ? [] : needy,
            );
            assert.ok(ms < HEALTHY_MS, `${ms} ms`);
        });
    }
});

describe("a broken cluster", () => {
    // Some of them, by hand.
    const only = process.env.CILIUM_SPIRE_TEST_FAULT;
    for (const fault of faultsOf(() => state)) {
        if (only !== undefined && !new RegExp(only).test(fault.name)) continue;
        test(fault.name, async (t) => {
            const made = Date.now();
            await fault.make();
            const finding = await find(fault);
            seen.set(fault, { made, found: Date.now() });
            assert.match(finding.where, fault.where);
            assert.ok(finding.why);
            t.diagnostic(`found after ${Date.now() - made} ms`);
            if (fault.withNext) {
                pending.push(fault);
                return;
            }
            await cure(fault, finding);
            await examineUntilQuiet(HEALED_MS, !fault.withoutStack);
            t.diagnostic(`healed after ${Date.now() - made} ms`);
            for (const healed of [...pending.splice(0), fault]) recordHealed(healed);
        });
    }
});
