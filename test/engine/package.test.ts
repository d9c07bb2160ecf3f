/** The packed packages in projects of their own, by the real engine and CLI, on an API server that runs no pods. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { authPolicySpec } from "../../components/cilium/authPolicySpec";
import { ciliumSource } from "../support/ciliumSource";
import { assertGolden } from "../support/golden";
import { ExampleStack, packPackages, ownProgramConfig } from "../support/packages";
import { type Engine, startEngine } from "./engine";

let engine: Engine;

/** What Pulumi runs for programs in other languages. */
const PLUGIN = "./node_modules/.bin/pulumi-resource-cilium-spire";

/** Of examples/yaml-policy. */
const IN_JAVASCRIPT = `
const { MutualAuthPolicy } = require("@cilium-spire/components");
const { core } = require("@pulumi/kubernetes");
const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
const shop = new core.v1.Namespace("shop", { metadata: { name: "shop", labels } });
new MutualAuthPolicy("payments", {
    namespace: shop.metadata.name,
    pods: { app: "payments" },
    ingress: [{ labels: { app: "checkout" }, ports: [8080] }],
});`;

let archives: Record<string, string>;

before(async () => {
    engine = await startEngine();
    archives = await packPackages(engine.home.dir);
});
after(() => engine.stop());

test("a program of its own compiles strictly, and previews all that it would make", async () => {
    const config = await ownProgramConfig();
    const stack = await ExampleStack.make(engine.home.dir, "own-program", archives, config);
    const output = await stack.pulumi("preview", "--stack", "dev");
    const made = [
        "kubernetes:apps/v1:DaemonSet cilium:kube-system/cilium",
        "kubernetes:apps/v1:StatefulSet spire-server",
        "kubernetes:apps/v1:DaemonSet spire-agent",
        "pulumi-nodejs:dynamic/spire:AgentEntries cilium",
        "kubernetes:cilium.io/v2:CiliumNetworkPolicy payments",
    ];
    for (const resource of made) assert.ok(output.includes(resource), `${resource}\n${output}`);
});

test("a stack that is no platform is told so", async () => {
    const config = { "consumer-stack:platform": "organization/own-program/dev" };
    const stack = await ExampleStack.make(engine.home.dir, "consumer-stack", archives, config);
    await assert.rejects(
        stack.pulumi("preview", "--stack", "dev"),
        /"organization\/own-program\/dev" has no outputs of cilium-spire; name a stack/,
    );
});

describe("a program in YAML", () => {
    let stack: ExampleStack;

    before(async () => {
        const crds = join(await ciliumSource(), "pkg/k8s/apis/cilium.io/client/crds/v2");
        await engine.api.kubectl(["create", "-f", join(crds, "ciliumnetworkpolicies.yaml")]);
        stack = await ExampleStack.make(engine.home.dir, "yaml-policy", archives, {});
    });

    test("sees the schema that package/schema.json says", async () => {
        const text = await stack.pulumi("package", "get-schema", PLUGIN);
        const { version, ...schema } = JSON.parse(text) as { version: string };
        assert.ok(archives["@cilium-spire/components"]!.endsWith(`-${version}.tgz`), version);
        assertGolden("package/schema.json", JSON.stringify(schema, null, 2));
    });

    test("is refused by a preview what is wrong, with key and remedy", async () => {
        const file = join(stack.dir, "Pulumi.yaml");
        const program = await readFile(file, "utf8");
        const refusals: [from: string, to: string, RegExp][] = [
            [
                "{ app: payments }",
                '{ app: "${shop.metadata.uid}" }',
                /'payments' .*: the arguments are wrong\s+pods\.app: is an output of a resource/,
            ],
            [
                "[{ port: 8080 }]",
                "[]",
                /: ingress\[0\]\.ports: an empty list is ambiguous; leave it out/,
            ],
        ];
        for (const [from, to, message] of refusals) {
            await writeFile(file, program.replace(from, to));
            await assert.rejects(stack.pulumi("preview", "--stack", "dev"), message);
        }
        await writeFile(file, program);
    });

    test("makes the policy that the component makes in TypeScript, and a second up changes nothing", async () => {
        await stack.up();
        await stack.up("--expect-no-changes");
        const policy = ["-n", "shop", "ciliumnetworkpolicy", "payments", "-o", "json"];
        const { spec } = JSON.parse(await engine.api.kubectl(["get", ...policy])) as {
            spec: object;
        };
        const peer = { labels: { app: "checkout" }, ports: [8080] };
        assert.deepEqual(spec, authPolicySpec({ pods: { app: "payments" }, ingress: [peer] }));
    });

    test("becomes one in JavaScript, which changes nothing", async () => {
        await writeFile(join(stack.dir, "Pulumi.yaml"), "{ name: yaml-policy, runtime: nodejs }");
        await writeFile(join(stack.dir, "index.js"), IN_JAVASCRIPT);
        await stack.up("--expect-no-changes");
    });
});
