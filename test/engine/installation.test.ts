/** Cilium's chart through the real engine and provider, rendered to files: no cluster is needed for that. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { parse } from "yaml";
import type { WorkloadSpec } from "../../components/cilium/adoptionPatches";
import type { InstallationArgs } from "../../components/cilium/args";
import { Installation } from "../../components/cilium/installation";
import { ensureChart } from "../../sandbox/build/binaries";
import { repositoryRoot } from "../../sandbox/host/paths";
import { enterPulumi } from "../../automation/stack";
import {
    addRepository,
    packageChart,
    pushChart,
    startChartRepository,
    startRegistry,
    useHelmHome,
} from "../support/repositories";
import { argsWith } from "../unit/components/cilium/fixtures";
import { skipAwait } from "./transforms";

/** Without a cluster the provider takes Kubernetes for 1.20, which newer charts refuse. */
const VERSION = "1.15.19";

let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    await enterPulumi({ dir, kubeconfig: "" });
    // The provider's default, and refused together with rendering.
    delete process.env.KUBECONFIG;
    await symlink(join(repositoryRoot, "node_modules"), join(dir, "node_modules"));
});
after(() => rm(dir, { recursive: true, force: true }));

/** A stack of Cilium alone, with its objects in a directory instead of a cluster. */
async function openInstallation(name: string, args: InstallationArgs): Promise<Stack> {
    return await LocalWorkspace.createStack(
        {
            stackName: name,
            projectName: "render",
            program: async () => {
                pulumi.runtime.registerResourceTransform(skipAwait);
                const directory = { renderYamlToDirectory: join(dir, name) };
                const provider = new k8s.Provider("render", directory);
                new Installation("cilium", args, { provider });
                return Promise.resolve({});
            },
        },
        { workDir: dir },
    );
}

test("the transformation reaches the DaemonSet of the rendered chart", async () => {
    const chart = await ensureChart(VERSION);
    await (await openInstallation("whole", argsWith({ version: VERSION, chart }))).up();
    const manifests = join(dir, "whole", "1-manifest");
    const files = await readdir(manifests);
    const file = files.find((name) => name.endsWith("daemonset-kube-system-cilium.yaml"));
    assert.ok(file, files.join(", "));
    const { spec } = parse(await readFile(join(manifests, file), "utf8")) as { spec: WorkloadSpec };
    const { volumes, containers } = spec.template.spec;
    const agent = containers.find((container) => container.name === "cilium-agent")!;
    for (const directory of ["/run/spire/sockets", "/run/spire/admin-sockets"]) {
        const mount = agent.volumeMounts!.find(({ mountPath }) => mountPath === directory)!;
        const volume = volumes.find(({ name }) => name === mount.name);
        assert.equal(volume?.hostPath?.path, directory);
    }
});

/**
 * The chart of the Go module, packed under the version that the published one has. That one differs in values.yaml: it has
 * digests of Cilium's own images too, and `useDigest: true` for them.
 */
describe("the chart is loaded", () => {
    /** Names of all that a preview would make. */
    const previewed = async (name: string, chart: string) => {
        const stack = await openInstallation(name, argsWith({ version: VERSION, chart }));
        const urns: string[] = [];
        await stack.preview({
            onEvent: ({ resourcePreEvent }) => {
                if (resourcePreEvent) urns.push(resourcePreEvent.metadata.urn);
            },
        });
        // The first part has the stack's name.
        return urns
            .map((urn) => urn.split("::").slice(2).join())
            .filter((urn) => !urn.includes("Stack"))
            .sort();
    };
    let expected: string[];

    before(async () => {
        useHelmHome(join(dir, "helm"));
        expected = await previewed("path", await ensureChart(VERSION));
        assert.ok(expected.some((name) => name.endsWith("DaemonSet,cilium:kube-system/cilium")));
    });

    test("from a repository over HTTP", async (t) => {
        const chart = await ensureChart(VERSION);
        const repository = await startChartRepository(chart, join(dir, "open"), "open");
        t.after(repository.stop);
        assert.deepEqual(await previewed("http", `http://${repository.host}`), expected);
        assert.deepEqual(repository.served, ["/index.yaml", `/cilium-${VERSION}.tgz`]);
    });

    test("from a repository that Helm has a password for", async (t) => {
        const chart = await ensureChart(VERSION);
        const repository = await startChartRepository(chart, join(dir, "guarded"), "guarded");
        t.after(repository.stop);
        await addRepository("team", repository);
        assert.deepEqual(await previewed("alias", "@team"), expected);
        assert.equal(repository.served.at(-1), `/cilium-${VERSION}.tgz`);
    });

    test("from an OCI registry that Helm has logged in to", async (t) => {
        const registry = await startRegistry(join(dir, "registry"));
        t.after(registry.stop);
        const archive = await packageChart(await ensureChart(VERSION), join(dir, "archive"));
        await pushChart(registry, archive);
        // The system's list of CAs, for the provider that the engine starts.
        process.env.SSL_CERT_FILE = registry.caFile;
        t.after(() => delete process.env.SSL_CERT_FILE);
        const chart = `oci://${registry.host}/charts/cilium`;
        assert.deepEqual(await previewed("oci", chart), expected);
    });
});
