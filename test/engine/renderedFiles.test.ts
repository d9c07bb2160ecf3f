/** What all who read a rendering's files say of them: kubeconform, yamllint, an API server. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Manifest } from "../../gitops/manifest";
import type { Values } from "../../settings/cilium/values";
import { kubeconform, yamllint } from "../support/kubeconform";
import { objectsIn, renderStack, textsIn } from "../support/rendering";
import { crdFiles } from "../support/schemas";
import { type Engine, startEngine } from "./engine";

let engine: Engine;

/** All that adds objects, or changes them. */
const EVERYTHING: Values = {
    protect: true,
    observability: {
        ...{ scrape: "podMonitor", alerts: true, dashboard: true },
        allowedNamespaces: { "kubernetes.io/metadata.name": "monitoring" },
    },
    spire: {
        controllerManager: {},
        oidcDiscoveryProvider: { domain: "oidc.example.org", certificate: { name: "oidc-tls" } },
    },
    workloads: { shop: { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop", "k8s:sa:shop"] } },
    gitops: {
        ...{ path: "clusters/prod/spire", suspend: true },
        argocd: { repository: "https://git.example.org/fleet.git" },
    },
};

before(async () => {
    engine = await startEngine();
    const crds = (await crdFiles()).flatMap((file) => ["-f", file]);
    await engine.api.kubectl(["apply", "--server-side", ...crds]);
    const established = ["--for=condition=Established", "--timeout=60s", "crd", "--all"];
    await engine.api.kubectl(["wait", ...established]);
});
after(() => engine.stop());

for (const [name, file, over] of [
    ["Pulumi.dev.yaml", "dev", {}],
    ["Pulumi.prod.yaml", "prod", {}],
    ["a stack with everything", "prod", EVERYTHING],
] as [string, "dev" | "prod", Values][]) {
    describe(`the files of ${name}`, () => {
        let folder: string;
        let objects: Manifest[];

        before(async () => {
            folder = await renderStack(
                join(engine.home.dir, name.replaceAll(" ", "-")),
                file,
                over,
            );
            objects = await objectsIn(folder);
        });

        test("are all valid for kubeconform, which knows every kind and takes no unknown field", async () => {
            const findings = await kubeconform([folder]);
            assert.deepEqual(findings, { valid: objects.length, problems: [] });
        });

        test("have nothing for yamllint to say", async () => {
            assert.equal(await yamllint([folder]), "");
        });

        test("are taken by an API server in a dry run", async () => {
            const namespaces = new Set(objects.flatMap(({ metadata: m }) => m.namespace ?? []));
            const made = [...namespaces].map((namespace) => ({
                ...{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
            }));
            await engine.api.kubectl(["apply", "-f", "-"], made);
            const dry = ["apply", "--server-side", "--force-conflicts", "--dry-run=server"];
            const said = await engine.api.kubectl([...dry, "-f", "-"], objects);
            assert.equal(said.trim().split("\n").length, objects.length);
        });

        test("have no secret, and nothing of Pulumi", async () => {
            for (const [path, text] of Object.entries(await textsIn(folder))) {
                assert.doesNotMatch(text, /^kind: Secret$|pulumi\.com/m, path);
            }
        });
    });
}

test("what is wrong is found", async () => {
    const folder = join(engine.home.dir, "Pulumi.dev.yaml", "manifests", "3-spire-agents");
    const file = join(folder, "daemonset-spire-system-spire-agent.yaml");
    const text = await readFile(file, "utf8");
    const cases: [string, RegExp][] = [
        [
            text.replace("hostPID: true", "hostPid: true"),
            /additional properties 'hostPid' not allowed/,
        ],
        [text.replace("hostPID: true", "hostPID: yes please"), /hostPID.*want boolean/],
        [text.replace("kind: DaemonSet", "kind: DaemonsSet"), /could not find schema/],
    ];
    for (const [wrong, expected] of cases) {
        const copy = join(engine.home.dir, "wrong.yaml");
        await writeFile(copy, wrong);
        const { valid, problems } = await kubeconform([copy]);
        assert.equal(valid, 0);
        assert.match(problems.join(), expected);
        await writeFile(copy, `${wrong}\n\n\n`);
        assert.match(await yamllint([copy]), /too many blank lines/);
    }
});

describe("what Flux is told", () => {
    const told = async () => {
        const folder = join(engine.home.dir, "a-stack-with-everything");
        const all = await objectsIn(folder, "flux/");
        return all.map(({ metadata, spec }) => ({ name: metadata.name, ...(spec as Kustomized) }));
    };

    test("is the order, and what is healthy", async () => {
        const checks = (await told()).map(({ name, dependsOn = [], healthChecks }) => [
            name,
            dependsOn.map((other) => other.name).join(),
            healthChecks.map(({ kind, name }) => `${kind}/${name.replace(/-[0-9a-f]{8}$/, "")}`),
        ]);
        assert.deepEqual(checks, [
            ["cilium-spire-crds", "", []],
            ["cilium-spire-cilium", "cilium-spire-crds", CHECKED_OF_CILIUM],
            ["cilium-spire-spire-server", "cilium-spire-cilium", ["StatefulSet/spire-server"]],
            ["cilium-spire-spire-agents", "cilium-spire-spire-server", ["DaemonSet/spire-agent"]],
            [
                "cilium-spire-entries",
                "cilium-spire-spire-agents",
                [
                    "Job/spire-entries-cilium",
                    "Job/spire-entries-workload-oidc-discovery-provider",
                    "Job/spire-entries-workload-shop",
                ],
            ],
            ["cilium-spire-observability", "cilium-spire-crds,cilium-spire-spire-server", []],
            [
                "cilium-spire-oidc",
                "cilium-spire-entries",
                ["Deployment/spire-oidc-discovery-provider"],
            ],
        ]);
    });

    test("is how long to wait, whether to wait at all, and what to keep", async () => {
        for (const { timeout, suspend, prune, deletionPolicy, path } of await told()) {
            assert.deepEqual(
                { timeout, suspend, prune, deletionPolicy },
                {
                    ...{ timeout: "5m", suspend: true, prune: true, deletionPolicy: "Orphan" },
                },
            );
            assert.match(path, /^\.\/clusters\/prod\/spire\/manifests\/\d-/);
        }
        const objects = await objectsIn(
            join(engine.home.dir, "a-stack-with-everything"),
            "manifests/",
        );
        const kept = objects.filter(
            ({ metadata: { annotations = {} } }) =>
                annotations["kustomize.toolkit.fluxcd.io/prune"] === "disabled" &&
                annotations["argocd.argoproj.io/sync-options"] === "Prune=false,Delete=false",
        );
        assert.deepEqual(kept.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(), [
            "CustomResourceDefinition/clusterspiffeids.spire.spiffe.io",
            "DaemonSet/cilium",
            "Namespace/cilium-secrets",
            "StatefulSet/spire-server",
        ]);
    });
});

interface Kustomized {
    dependsOn?: { name: string }[];
    healthChecks: { kind: string; name: string }[];
    timeout: string;
    suspend: boolean;
    prune: boolean;
    deletionPolicy: string;
    path: string;
}

const CHECKED_OF_CILIUM = [
    "DaemonSet/cilium",
    "DaemonSet/cilium-envoy",
    "Deployment/cilium-operator",
];
