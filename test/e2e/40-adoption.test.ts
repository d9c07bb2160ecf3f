/** Adopting a Cilium that Helm installed, on a control plane of its own: which fields are patched, kept and given back. */
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import * as k8s from "@pulumi/kubernetes";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { helm } from "../../automation/helm";
import { Adoption } from "../../components/cilium/adoption";
import { adoptionPatches } from "../../components/cilium/adoptionPatches";
import { meshAuthConfig } from "../../components/cilium/meshAuthConfig";
import { requireCilium } from "../../doctor/ciliumRequirements";
import { wantedVersions } from "../../sandbox/build/versions";
import { createCgroup } from "../../sandbox/host/cgroups";
import { removeCluster } from "../../sandbox/cluster";
import { startControlPlane } from "../../sandbox/controlPlane/controlPlane";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import { createBridge } from "../../sandbox/nodes/network";
import { repositoryRoot } from "../../sandbox/host/paths";
import { createPki } from "../../sandbox/controlPlane/pki";
import { enterPulumi, pulumiHome } from "../../automation/stack";
import { decodeSettings } from "../../settings/decode";
import { secondSandbox } from "../support/sandbox";
import { adoptArgsWith } from "../unit/components/cilium/fixtures";

/** Without nodes: agents need none to be rolled out, and the operator gets no replicas. */
const sandbox = secondSandbox;
const home = pulumiHome(sandbox);
const MOUNTS = /\/run\/spire\/[a-z-]*sockets/g;

let settings: object = {};
let mutualAuth = true;
let stack: Stack;

/** As docs/cilium.md asks of the release: the chart has authentication off by default since 1.19. */
const VALUES = {
    authentication: { enabled: true },
    hubble: { enabled: false },
    operator: { replicas: 0 },
};

interface Live {
    config: Record<string, string>;
    agents: { generation: number; template: string };
    operator: { generation: number; template: string };
}

async function live(): Promise<Live> {
    const get = async (object: string) => {
        const text = await kubectl(sandbox, ["-n", "kube-system", "get", object, "-o", "json"]);
        return JSON.parse(text) as {
            metadata: { generation: number };
            data: Record<string, string>;
            spec: { template: unknown };
        };
    };
    const workload = async (object: string) => {
        const { metadata, spec } = await get(object);
        return { generation: metadata.generation, template: JSON.stringify(spec.template) };
    };
    return {
        config: (await get("configmap/cilium-config")).data,
        agents: await workload("daemonset/cilium"),
        operator: await workload("deployment/cilium-operator"),
    };
}

/** Number of changes that a preview announces. */
async function pending(): Promise<number> {
    const { changeSummary } = await stack.preview();
    const { same: _, ...changes } = changeSummary;
    return Object.values(changes).reduce((sum, count) => sum + count, 0);
}

function assertAdopted({ config, agents, operator }: Live): void {
    const args = adoptArgsWith(settings);
    for (const [key, value] of Object.entries(meshAuthConfig(args))) {
        assert.equal(config[key], value, key);
    }
    const { hash } = adoptionPatches(args).configMap;
    for (const { template } of [agents, operator]) {
        assert.ok(template.includes(`"cilium-spire.io/config-checksum":"${hash}"`));
    }
    assert.equal(agents.template.match(MOUNTS)?.length, 4, "two volumes and their mounts");
    assert.equal(operator.template.match(MOUNTS)?.length, 2, "a volume and its mount");
}

describe("adopting a Cilium that Helm installed", () => {
    let installed: Live;

    before(async () => {
        await removeCluster(sandbox);
        await createPki(sandbox);
        await createBridge(sandbox);
        await createCgroup(sandbox.cgroup);
        await startControlPlane(sandbox);
        await enterPulumi(home);
        await helm("install", VALUES);
        installed = await live();
        const workDir = join(home.dir, "work", "adoption");
        await mkdir(workDir, { recursive: true });
        await symlink(join(repositoryRoot, "node_modules"), join(workDir, "node_modules"));
        stack = await LocalWorkspace.createStack(
            {
                stackName: "test",
                projectName: "adoption",
                program: async () => {
                    const provider = new k8s.Provider("cluster", { enableConfigMapMutable: true });
                    new Adoption("cilium", adoptArgsWith(settings, { mutualAuth }), { provider });
                    return Promise.resolve({});
                },
            },
            { workDir },
        );
    });
    after(() => removeCluster(sandbox));

    test("the patches land, with one restart, and the next preview is quiet", async () => {
        await stack.up();
        const now = await live();
        assertAdopted(now);
        assert.equal(now.agents.generation, installed.agents.generation + 1);
        assert.equal(now.operator.generation, installed.operator.generation + 1);
        assert.equal(await pending(), 0);
    });

    test("a changed setting restarts the pods once more, and nothing of the old one stays", async () => {
        const before = await live();
        settings = {
            authentication: { mutual: { port: 4255 } },
            workloadSocketInAgent: true,
        };
        await stack.up();
        const now = await live();
        assertAdopted(now);
        assert.equal(now.agents.generation, before.agents.generation + 1);
        assert.equal(await pending(), 0);
    });

    test("helm upgrade keeps the patches", async () => {
        await helm("upgrade", { ...VALUES, debug: { enabled: true } });
        const now = await live();
        assert.equal(now.config.debug, "true");
        assertAdopted(now);
        assert.equal(await pending(), 0);
    });

    test("what someone changed by hand shows after a refresh, and an up repairs it", async () => {
        const damage = JSON.stringify({ data: { "mesh-auth-spiffe-trust-domain": "other" } });
        const patch = ["patch", "configmap", "cilium-config", "--type=merge", "-p", damage];
        await kubectl(sandbox, ["-n", "kube-system", ...patch]);
        await stack.refresh();
        assert.equal(await pending(), 1);
        await stack.up();
        assertAdopted(await live());
    });

    test("without mutual authentication Cilium is as it was, and back again", async () => {
        mutualAuth = false;
        await stack.up();
        const { config, agents, operator } = await live();
        assert.deepEqual({ ...config, debug: "false" }, installed.config);
        assert.equal(agents.template, installed.agents.template);
        assert.equal(operator.template, installed.operator.template);
        mutualAuth = true;
        await stack.up();
        assertAdopted(await live());
    });

    test("destroying gives every field back", async () => {
        await stack.destroy();
        const { config, agents, operator } = await live();
        assert.deepEqual({ ...config, debug: "false" }, installed.config);
        assert.equal(agents.template, installed.agents.template);
        assert.equal(operator.template, installed.operator.template);
    });

    test("is refused while the release has other sockets, and adopted and given back when it has these", async () => {
        await releaseWithSockets("/run/elsewhere");
        await assert.rejects(required(), (error: Error) => {
            const [admin, workload] = error.message.split("\n");
            const mounted = (socket: string, where: string, theirs: string) =>
                new RegExp(`^spire\\.sockets\\.${socket} = .* ${where} .* mounts ${theirs} `);
            assert.match(
                admin!,
                mounted("admin", "DaemonSet cilium", "/run/elsewhere/admin-sockets"),
            );
            assert.match(
                workload!,
                mounted("workload", "Deployment cilium-operator", "/run/elsewhere/sockets"),
            );
            return true;
        });
        await releaseWithSockets("/run/spire");
        const before = await live();
        await required();
        await stack.up();
        await required();
        await stack.destroy();
        const { agents, operator } = await live();
        assert.equal(agents.template, before.agents.template);
        assert.equal(operator.template, before.operator.template);
    });
});

/** The release, with the chart's own part of an external SPIRE. */
async function releaseWithSockets(directory: string): Promise<void> {
    const spire = {
        enabled: true,
        install: { enabled: false },
        adminSocketPath: `${directory}/admin-sockets/admin.sock`,
        agentSocketPath: `${directory}/sockets/agent.sock`,
    };
    await helm("upgrade", { ...VALUES, authentication: { enabled: true, mutual: { spire } } });
}

/** What is asked of the cluster before an `up`. */
async function required(): Promise<void> {
    const wanted = decodeSettings({
        ...{ trustDomain: "demo.local", clusterName: "precinct-99" },
        cilium: { mode: "adopt", version: wantedVersions().cilium },
    });
    await requireCilium(new Cluster(), wanted, { project: "adoption", stack: "test" });
}
