/** Cilium's chart through the real engine and provider, rendered to files: no cluster is needed for that. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as k8s from "@pulumi/kubernetes";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { parse } from "yaml";
import type { WorkloadSpec } from "../../components/cilium/adoptionPatches";
import type { CiliumArgs } from "../../components/cilium/args";
import { Release } from "../../components/cilium/release";
import { ensureChart } from "../../sandbox/binaries";
import { repositoryRoot } from "../../sandbox/paths";
import { enterPulumi } from "../../sandbox/stack";
import { argsWith } from "../unit/cilium/fixtures";

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

async function render(name: string, args: CiliumArgs): Promise<string> {
    const directory = join(dir, name);
    const stack = await LocalWorkspace.createStack(
        {
            stackName: name,
            projectName: "render",
            program: async () => {
                const provider = new k8s.Provider("render", { renderYamlToDirectory: directory });
                new Release("cilium", args, { provider });
                return Promise.resolve({});
            },
        },
        { workDir: dir },
    );
    await stack.up();
    return join(directory, "1-manifest");
}

test("the transformation reaches the DaemonSet of the rendered chart", async () => {
    const chart = await ensureChart(VERSION);
    const manifests = await render("whole", argsWith({ version: VERSION, chart }));
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
