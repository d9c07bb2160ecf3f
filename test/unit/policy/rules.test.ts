import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as entries from "@cilium-spire/entries-provider";
import { CILIUM } from "../../../components/names";
import { type Resource, type ResourceRule, type StackRule } from "../../../policy/rule";
import { adminEntries } from "../../../policy/rules/adminEntries";
import { allowList } from "../../../policy/rules/allowList";
import { bundledSpireOff } from "../../../policy/rules/bundledSpire";
import { encryptionInProduction } from "../../../policy/rules/encryption";
import { hostPaths } from "../../../policy/rules/hostPaths";
import { pinnedImages } from "../../../policy/rules/images";
import { podSecurity } from "../../../policy/rules/podSecurity";
import { replicasWithSql } from "../../../policy/rules/replicas";
import { requiredPolicies } from "../../../policy/rules/requiredPolicies";
import { socketsApart } from "../../../policy/rules/sockets";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { decodeSettings } from "../../../settings/decode";
import type { Declared } from "../../support/policy/declare";
import { POD_CASES } from "../../support/policy/podCases";
import { TRUST_CASES } from "../../support/policy/trustCases";

const CASES = [...POD_CASES, ...TRUST_CASES];

type Check = (resources: Resource[], config?: object) => string[];

/** The rules of the pack, each asked about resources with its own defaults and some configuration over them. */
const checks = new Map<string, Check>([
    ...[socketsApart, hostPaths, pinnedImages, bundledSpireOff, allowList, adminEntries].map(alone),
    alone(encryptionInProduction),
    ...[podSecurity, replicasWithSql, requiredPolicies].map(together),
]);

function alone<C extends object>(rule: ResourceRule<C>): [string, Check] {
    return [
        rule.name,
        (resources, config) =>
            resources.flatMap((resource) => rule.check(resource, { ...rule.defaults, ...config })),
    ];
}

function together<C extends object>(rule: StackRule<C>): [string, Check] {
    return [
        rule.name,
        (resources, config) =>
            rule
                .checkStack(resources, { ...rule.defaults, ...config })
                .map(({ message }) => message),
    ];
}

function inStack({ type, name, inputs }: Declared, stack = "prod"): Resource {
    const urn = `urn:pulumi:${stack}::team::${type}::${name}`;
    return { type, urn, props: inputs as Record<string, unknown> };
}

function findings(
    policy: string,
    resources: Declared[],
    config?: object,
    stack?: string,
): string[] {
    return checks.get(policy)!(
        resources.map((resource) => inStack(resource, stack)),
        config,
    );
}

test("every rule has cases", () => {
    assert.deepEqual([...checks.keys()].sort(), CASES.map(({ policy }) => policy).sort());
});

for (const { policy, follows, breaks } of CASES) {
    describe(policy, () => {
        test("what follows it is let through", () => {
            assert.deepEqual(findings(policy, follows), []);
        });
        for (const { resources, message } of breaks) {
            test(`refuses ${resources.map(({ name }) => name).join(", ")}`, () => {
                const found = findings(policy, resources);
                assert.equal(found.length, 1, found.join("\n"));
                assert.match(found[0]!, message);
            });
        }
    });
}

describe("configuration", () => {
    const broken = (policy: string) =>
        CASES.find((one) => one.policy === policy)!.breaks.flatMap(({ resources }) => resources);

    test("names who else may have the admin socket, and what else SPIRE's pods may have", () => {
        const config = { admins: ["more/exporter"], agentPaths: ["/etc", "/run/spire/sockets"] };
        assert.deepEqual(findings("host-paths", broken("host-paths"), config), []);
    });

    test("can ask for digests", () => {
        const follows = CASES.find(({ policy }) => policy === "pinned-images")!.follows;
        const found = findings("pinned-images", follows, { digests: true });
        assert.equal(found.length, 1);
        assert.match(found[0]!, /pinned\/tag: .* has no digest; add @sha256/);
    });

    test("names other admins", () => {
        const allowed = [
            "spiffe://demo/ops",
            "spiffe://demo/root",
            "spiffe://demo/cilium-operator",
        ];
        assert.deepEqual(findings("no-other-admins", broken("no-other-admins"), { allowed }), []);
    });

    test("names what is production", () => {
        const policy = "encryption-in-production";
        assert.deepEqual(findings(policy, broken(policy), {}, "dev"), []);
        assert.equal(findings(policy, broken(policy), { stacks: ["dev"] }, "dev").length, 2);
    });

    test("names namespaces that need no level", () => {
        const config = { without: ["none", "wide", "loose"] };
        assert.deepEqual(
            findings("pod-security-labels", broken("pod-security-labels"), config),
            [],
        );
    });

    test("says that somebody else writes the entries", () => {
        const policy = "required-with-entries";
        assert.deepEqual(findings(policy, broken(policy), { entriesElsewhere: true }), []);
    });
});

test("a patch is not held to what it does not set", () => {
    const patch = (kind: string, name: string, inputs: object) => ({
        type: `kubernetes:${kind}Patch`,
        name,
        inputs: { metadata: { name, namespace: "kube-system" }, ...inputs },
    });
    const cilium = patch("core/v1:ConfigMap", "cilium-config", { data: { a: "b" } });
    assert.deepEqual(findings("encryption-in-production", [cilium]), []);
    const namespace = patch("core/v1:Namespace", "shop", {});
    assert.deepEqual(findings("pod-security-labels", [namespace]), []);
});

test("the defaults are what the program does", () => {
    const { spire } = decodeSettings({
        trustDomain: "demo.local",
        clusterName: "demo",
        spire: { version: "1.15.3" },
        cilium: { version: "1.19.6" },
    });
    const { workloadDirectory, adminDirectory, admins } = hostPaths.defaults;
    assert.equal(spire.sockets.workload, `${workloadDirectory}/agent.sock`);
    assert.equal(spire.sockets.admin, `${adminDirectory}/admin.sock`);
    assert.deepEqual(admins, [`kube-system/${CILIUM.agentDaemonSet}`]);
    assert.deepEqual(allowList.defaults.ciliumAccounts, [
        CILIUM.agentServiceAccount,
        CILIUM.operatorServiceAccount,
    ]);
    const plan = entries.planAgentEntries(
        {
            ...{ trustDomain: "demo", clusterName: "demo", idPrefix: "x" },
            ...{ registration: "perAgent", operatorNodeLabels: {} },
            agent: { namespace: "spire", serviceAccount: "spire-agent" },
            cilium: {
                namespace: "kube-system",
                agentServiceAccount: CILIUM.agentServiceAccount,
                operatorServiceAccount: CILIUM.operatorServiceAccount,
            },
        },
        [],
    );
    const written = { type: "AgentEntries", name: "cilium", inputs: { entries: plan } };
    const type = "pulumi-nodejs:dynamic/spire:AgentEntries";
    assert.equal(Object.values(plan).filter(({ admin }) => admin).length, 1);
    assert.deepEqual(findings("no-other-admins", [{ ...written, type }]), []);
});

test("the pack has the packages of the program", async () => {
    const read = async (path: string) =>
        JSON.parse(await readFile(join(repositoryRoot, path), "utf8")) as {
            dependencies: Record<string, string>;
            devDependencies: Record<string, string>;
        };
    const { dependencies, devDependencies } = await read("package.json");
    const own = (await read("policy/package.json")).dependencies;
    for (const [name, version] of Object.entries(own)) {
        assert.equal({ ...dependencies, ...devDependencies }[name], version, name);
    }
});
