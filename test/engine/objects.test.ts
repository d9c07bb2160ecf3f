/**
 * Every object of the program, the chart's included, written by the real engine and provider to an API server that runs no
 * pods: what happens to objects that are there already, but not in the state, or in the state of an earlier program.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation";
import { parse } from "yaml";
import { mergeValues, type Values } from "../../settings/cilium/values";
import { repositoryRoot } from "../../sandbox/host/paths";
import { openStack, platformProgram } from "../../automation/stack";
import { prepareProduction } from "../support/apiServer";
import { earlierProgram, skipAwait } from "./transforms";
import { type Engine, startEngine } from "./engine";

let engine: Engine;

/** Not the name of a stack file, so that the configuration is what each test says. */
const STACK = "objects";
/** The entries need pods, and what protects the stack needs the entries. */
const PODLESS = { exclude: ["**AgentEntries::**", "**:Protection::**"] };

/** Values of every kind: of maps, lists, pod templates, of the chart's objects and ours. */
const CHANGES: Values = {
    "cilium-spire:trustDomain": "changed.example",
    "cilium-spire:replaceTrustDomain": "demo.local",
    "cilium-spire:spire": {
        server: { caTtl: "240h", nodeSelector: { "example.org/a": "b" } },
        agent: { logLevel: "DEBUG", maxUnavailable: "50%", tolerations: [] },
    },
    "cilium-spire:cilium": {
        workloadSocketInAgent: false,
        values: { podAnnotations: { "example.org/a": "b" }, operator: { replicas: 2 } },
    },
    "cilium-spire:observability": {
        scrape: "annotations",
        dashboard: true,
        allowedNamespaces: { "example.org/a": "b" },
    },
};

interface Resource {
    urn: string;
    type: string;
    custom: boolean;
    inputs: { kind: string; metadata: { name: string } };
}

before(async () => {
    engine = await startEngine();
    // The state is written once, at the end, and not after each of 60 objects: nothing is killed here.
    Object.assign(process.env, { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" });
});
after(() => engine.stop());

test("the state of an earlier program is taken on without a conflict, a loss or a lasting difference", async () => {
    // Apart, because the namespace outlives the test.
    const apart = { server: { namespace: "earlier" }, agent: { namespace: "earlier" } };
    const config = { "cilium-spire:spire": apart };
    await (await open("dev", config, earlierProgram)).up(PODLESS);
    const statefulSet = await uidOfServer();
    const stack = await open("dev", mergeValues(CHANGES, config));
    await stack.up(PODLESS);
    await stack.preview({ ...PODLESS, expectNoChanges: true });
    assert.equal(await uidOfServer(), statefulSet);
    await clear(stack);
});

test("another writer may apply the objects of Pulumi.dev.yaml", async () => {
    const stack = await open("dev");
    await forgetState(stack);
    await stack.up(PODLESS);
    assert.deepEqual(await refusals(await objects(stack)), []);
});

test("an up that knows nothing of them takes them over, whatever has changed", async () => {
    const stack = await open("dev", CHANGES);
    await forgetState(stack);
    await stack.up(PODLESS);
    await stack.preview({ ...PODLESS, expectNoChanges: true });
});

test("so it does with Pulumi.prod.yaml, whose objects another writer may apply as well", async () => {
    await prepareProduction(engine.api);
    const stack = await open("prod");
    await forgetState(stack);
    await stack.up(PODLESS);
    assert.deepEqual(await refusals(await objects(stack)), []);
});

/**
 * The program with the configuration of a stack file and some over it; nothing waits for pods.
 *
 * @param transform what else is different about its objects.
 */
async function open(
    file: "dev" | "prod",
    config: Values = {},
    transform?: pulumi.ResourceTransform,
): Promise<Stack> {
    const text = await readFile(join(repositoryRoot, `Pulumi.${file}.yaml`), "utf8");
    const { config: ofFile } = parse(text) as { config: Values };
    const overrides = mergeValues(ofFile, { "cilium-spire:verify": false, ...config });
    const program = await platformProgram(overrides);
    const run = async () => {
        pulumi.runtime.registerResourceTransform(skipAwait);
        // The stack's transformations come after the program's own, which are its components'.
        if (transform) pulumi.runtime.registerResourceTransform(transform);
        return await program.run();
    };
    return await openStack(engine.home, { ...program, run }, STACK);
}

async function uidOfServer(): Promise<string> {
    const server = ["-n", "earlier", "statefulset", "spire-server"];
    return await engine.api.kubectl(["get", ...server, "-o", "jsonpath={.metadata.uid}"]);
}

async function objects(stack: Stack): Promise<Resource[]> {
    const { deployment } = (await stack.exportStack()) as { deployment: { resources: Resource[] } };
    return deployment.resources.filter((r) => r.custom && r.type.startsWith("kubernetes:"));
}

/** As if the process had been killed before it wrote anything down. */
async function forgetState(stack: Stack): Promise<void> {
    const state = await stack.exportStack();
    const deployment = { ...(state.deployment as object), resources: [] };
    await stack.importStack({ ...state, deployment });
}

/** Removes the stack's objects by other means. Namespaces stay: nobody is there who would end their removal. */
async function clear(stack: Stack): Promise<void> {
    const items = (await objects(stack)).map(({ inputs }) => inputs);
    const gone = items.filter(({ kind }) => kind !== "Namespace");
    await engine.api.kubectl(["delete", "--cascade=background", "-f", "-"], gone);
}

/**
 * What the API server would refuse to another field manager that applies the same objects; without those fields that the
 * chart spells in another way than the API server keeps them, which only the stable field manager makes harmless.
 */
async function refusals(resources: Resource[]): Promise<string[]> {
    const isOfChart = ({ urn }: Resource) => urn.includes("helm.sh/v4:Chart$");
    const inputs = (all: Resource[]) => all.map((resource) => resource.inputs);
    const ours = inputs(resources.filter((resource) => !isOfChart(resource)));
    const ofChart = inputs(resources.filter(isOfChart));
    assert.ok(ours.length >= 14 && ofChart.length >= 14, `${ours.length}, ${ofChart.length}`);
    const chartFields = await engine.api.refusedFields(ofChart);
    return [
        ...(await engine.api.refusedFields(ours)),
        ...chartFields.filter((field) => !CHART_SPELLINGS.test(field)),
    ];
}

/** `false` and 0, which are left out, and a number for a quantity, which becomes text (Cilium 1.18 and 1.19). */
const CHART_SPELLINGS = /\.(readOnly|initialDelaySeconds|resources\.limits\.cpu)$/;
