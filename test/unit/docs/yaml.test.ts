/** Every YAML block of the documentation is accepted by what reads it: this program, Cilium's chart, Cilium's CRDs. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { parse, parseAllDocuments } from "yaml";
import { clusterSpiffeIdSpec } from "../../../components/spire/clusterSpiffeId";
import { ciliumArgs } from "../../../components/cilium/args";
import { chartValues } from "../../../components/cilium/chartValues";
import { wavesOf } from "../../../fleet/waves";
import { mergeValues } from "../../../settings/cilium/values";
import { decodeSettings } from "../../../settings/decode";
import type { Settings } from "../../../settings/schema";
import { ensureBinary, ensureChart } from "../../../sandbox/build/binaries";
import { run } from "../../../sandbox/host/shell";
import { KUBERNETES_VERSION } from "../../../sandbox/build/versions";
import { ciliumSource } from "../../support/ciliumSource";
import { allBlocks, type Block, blocksOf, read } from "../../support/markdown";

type Tree = Record<string, unknown>;

const PREFIX = "cilium-spire:";
/** What every stack needs, for fragments that show something else. */
const REQUIRED = { trustDomain: "example.org", clusterName: "example" };
/** Files of tools that are not part of this project: `apiVersion kind` and the keys at the top that they know. */
const FOREIGN: Record<string, string[]> = {
    // test/operations/53-scheduled-backup.test.ts starts one, test/component/spire/csiDriver.test.ts asks an API server of the other.
    "v1 Pod": ["metadata", "spec"],
    "kind.x-k8s.io/v1alpha4 Cluster": ["name", "nodes", "networking", "containerdConfigPatches"],
    "eksctl.io/v1alpha5 ClusterConfig": [
        "metadata",
        "iam",
        "addonsConfig",
        "addons",
        "managedNodeGroups",
    ],
};

/** What is wrong with the documents in a block. */
async function problemsOf({ file, line, text }: Block): Promise<string[]> {
    const at = `${file}:${line}`;
    const problems = await Promise.all(
        [...parseAllDocuments(text)].map(async (document) => {
            if (document.errors.length > 0) return document.errors.map(({ message }) => message);
            const tree = document.toJS() as Tree;
            if ("resources" in tree) return programProblems(tree);
            if ("waves" in tree) return fleetProblems(text);
            return await ("kind" in tree ? objectProblems(tree) : stackProblems(tree));
        }),
    );
    return problems.flat().map((problem) => `${at}: ${problem}`);
}

/** The settings that a stack of an example has under a key of its own, and none for one that names a stack. */
function ofExample(config: Tree): Tree {
    const { "own-program:platform": own, "consumer-stack:platform": platform, ...rest } = config;
    if (platform !== undefined) {
        assert.match(JSON.stringify(platform), /^"[\w-]+\/[\w-]+\/[\w-]+"$/);
    }
    const settings = Object.entries((own ?? {}) as Tree);
    return { ...rest, ...Object.fromEntries(settings.map(([key, v]) => [PREFIX + key, v])) };
}

/** A part of a stack file, with or without the line `config:`. */
async function stackProblems(tree: Tree): Promise<string[]> {
    const config = ofExample(("config" in tree ? tree.config : tree) as Tree);
    const foreign = Object.keys(config).find((key) => !key.startsWith(PREFIX));
    if (foreign !== undefined)
        return [`"${foreign}" is neither an object's kind nor a key of this program`];
    const own = Object.entries(config).map(([key, value]) => [key.slice(PREFIX.length), value]);
    try {
        const settings = decodeSettings({ ...REQUIRED, ...Object.fromEntries(own) }, PREFIX);
        return await chartProblems(settings);
    } catch (error) {
        return [messageOf(error)];
    }
}

/** A program in YAML is a part of the example, which test/engine/package.test.ts runs. */
function programProblems({ resources, ...rest }: Tree): string[] {
    const example = parse(read("examples/yaml-policy/Pulumi.yaml")) as Tree;
    const parts = { ...rest, ...(resources as Tree) };
    const known = { ...example, ...(example.resources as Tree) };
    return Object.entries(parts)
        .filter(([key, value]) => !isDeepStrictEqual(value, known[key]))
        .map(([key]) => `examples/yaml-policy/Pulumi.yaml has another ${key}`);
}

function fleetProblems(text: string): string[] {
    try {
        wavesOf(text, "fleet.yaml");
        return [];
    } catch (error) {
        return [messageOf(error)];
    }
}

/** What Cilium's chart does not know of the values, or does not render with them. */
async function chartProblems(settings: Settings): Promise<string[]> {
    const { cilium } = settings;
    if (cilium.mode === "adopt" || Object.keys(cilium.values).length === 0) return [];
    const { values } = cilium;
    const chart = await ensureChart();
    const defaults = parse(await readFile(join(chart, "values.yaml"), "utf8")) as Tree;
    const files = globSync(["templates/**/*", "files/**/*"], { cwd: chart, withFileTypes: true });
    const paths = files.filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name));
    const templates = (await Promise.all(paths.map((path) => readFile(path, "utf8")))).join("\n");
    const unknown = unknownKeys(values, defaults).filter(
        (key) => !templates.includes(`.Values.${key} `),
    );
    if (unknown.length > 0) return unknown.map((key) => `Cilium's chart has no value ${key}`);
    const input = JSON.stringify(
        mergeValues(values, chartValues(ciliumArgs({ ...settings, cilium }))),
    );
    const version = ["--kube-version", KUBERNETES_VERSION];
    const args = ["template", "cilium", chart, "--namespace", "kube-system", ...version];
    await run(await ensureBinary("helm"), [...args, "--values", "-"], { input });
    return [];
}

async function objectProblems(tree: Tree): Promise<string[]> {
    const id = `${String(tree.apiVersion)} ${String(tree.kind)}`;
    const policy = POLICIES[id];
    if (policy !== undefined) {
        const { spec, ...rest } = tree;
        const others = Object.keys(rest).filter(
            (key) => !["apiVersion", "kind", "metadata"].includes(key),
        );
        return [...others, ...unknownProperties(spec, await policySchema(policy), "spec")].map(
            (key) => `a ${String(tree.kind)} has no ${key}`,
        );
    }
    if (id === "spire.spiffe.io/v1alpha1 ClusterSPIFFEID") {
        const schema = clusterSpiffeIdSpec.versions[0]!.schema.openAPIV3Schema as Schema;
        return unknownProperties(tree.spec, schema.properties!.spec!, "spec").map(
            (key) => `a ClusterSPIFFEID has no ${key}`,
        );
    }
    const known = FOREIGN[id];
    if (!known) return [`no rule knows ${id}`];
    return Object.keys(tree)
        .filter((key) => ![...known, "apiVersion", "kind"].includes(key))
        .map((key) => `${id} has no ${key}`);
}

/** Maps whose keys are the user's. */
const FREE = /(selector|labels|annotations)$/i;

/** Paths that the defaults of a chart do not have. Where a default is empty, anything may stand. */
function unknownKeys(values: Tree, defaults: Tree, prefix = ""): string[] {
    return Object.entries(values).flatMap(([key, value]) => {
        if (!Object.hasOwn(defaults, key)) return [`${prefix}${key}`];
        const inner = defaults[key];
        const open = !isTree(inner) || Object.keys(inner).length === 0 || FREE.test(key);
        return open || !isTree(value) ? [] : unknownKeys(value, inner, `${prefix}${key}.`);
    });
}

interface Schema {
    properties?: Record<string, Schema>;
    additionalProperties?: Schema;
    items?: Schema;
}

/** Kinds of policies, and the files of their schemas in Cilium's source. */
const POLICIES: Record<string, string> = {
    "cilium.io/v2 CiliumNetworkPolicy": "ciliumnetworkpolicies.yaml",
    "cilium.io/v2 CiliumClusterwideNetworkPolicy": "ciliumclusterwidenetworkpolicies.yaml",
};

/** The schema of a policy's `spec`, which Cilium's operator registers. */
async function policySchema(file: string): Promise<Schema> {
    const path = join(await ciliumSource(), "pkg/k8s/apis/cilium.io/client/crds/v2", file);
    const crd = parse(await readFile(path, "utf8")) as {
        spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
    };
    return crd.spec.versions[0]!.schema.openAPIV3Schema.properties!.spec!;
}

/** Paths that an API server would drop or refuse. */
function unknownProperties(value: unknown, schema: Schema, path: string): string[] {
    if (Array.isArray(value)) {
        return value.flatMap((item) => unknownProperties(item, schema.items ?? {}, `${path}[]`));
    }
    if (!isTree(value)) return [];
    return Object.entries(value).flatMap(([key, inner]) => {
        const known = schema.properties?.[key] ?? schema.additionalProperties;
        return known ? unknownProperties(inner, known, `${path}.${key}`) : [`${path}.${key}`];
    });
}

function isTree(value: unknown): value is Tree {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

for (const block of allBlocks().filter(({ language }) => language === "yaml")) {
    test(`the YAML of ${block.file}:${block.line} is accepted`, async () => {
        assert.deepEqual(await problemsOf(block), []);
    });
}

test("what is wrong is found", async () => {
    const cases: Record<string, RegExp> = {
        "cilium-spire:cilium: { values: { kubeProxyReplacement: true } }":
            /use cilium\.kubeProxyReplacement/,
        "cilium-spire:cilium: { values: { eni: { enable: true } } }": /no value eni\.enable$/,
        "cilium-spire:spire: { server: { replica: 2 } }": /did you mean replicas/,
        "waves: [[a], []]": /waves\[1\]: is empty/,
        "spire: {}": /neither an object's kind/,
        "{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, spec: { ingress: [{ from: [] }] } }":
            /no spec\.ingress\[\]\.from$/,
        "resources: { payments: { type: x } }": /has another payments$/,
        "{ apiVersion: v1, kind: Node }": /no rule knows v1 Node/,
        "{ apiVersion: kind.x-k8s.io/v1alpha4, kind: Cluster, node: [] }": /has no node$/,
    };
    for (const [text, expected] of Object.entries(cases)) {
        const [block] = blocksOf("wrong.md", `\`\`\`yaml\n${text}\n\`\`\``);
        assert.match((await problemsOf(block!)).join(), expected, text);
    }
});
