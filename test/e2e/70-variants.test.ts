/**
 * The program on a cluster that is unlike the sandbox (`foreign` in sandbox/controlPlane/variant.ts): what others have otherwise, all at
 * once. sandbox/README.md lists what each difference stands for.
 *
 * It makes the cluster anew, so it comes last.
 */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import type { Values } from "../../settings/cilium/values";
import { demoProof } from "../support/demo";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { ensureRoot } from "../../sandbox/build/debian";
import { node } from "../../sandbox/host/instance";
import { execNode } from "../../sandbox/nodes/nodes";
import { pkiDir } from "../../sandbox/controlPlane/pki";
import { demoProgram, enterPulumi, openStack, stackOutputs } from "../../automation/stack";
import { VARIANTS } from "../../sandbox/controlPlane/variant";
import { start } from "../support/pulumi";
import { home, kubectl, openPlatform, sandbox } from "../support/world";

/** All that Pulumi.dev.yaml, made for kind, must be told of this cluster. */
const CILIUM = {
    // kube-proxy runs.
    kubeProxyReplacement: false,
    // The API server is not on a node.
    k8sServiceHost: VARIANTS.foreign.apiName,
};
const OVERRIDES: Values = {
    "cilium-spire:cilium": CILIUM,
    "cilium-spire:spire": {
        // No class is the default one.
        server: { storage: { storageClass: "standard" } },
        // Not of this cluster, but all that Kubernetes before 1.33 has.
        agent: { kubelet: { authorization: "nodes/proxy" } },
    },
};

before(async () => {
    await removeCluster(sandbox);
    await startCluster(sandbox, { variant: "foreign" });
    await enterPulumi(home);
});

// The other files take the cluster that is up, and are about the usual one.
after(() => removeCluster(sandbox));

describe("a cluster of somebody else's", () => {
    test("has no default StorageClass, which is said before anything is changed", async () => {
        const { code, output } = await start(home, "up", { "cilium-spire:cilium": CILIUM }).ended;
        assert.equal(code, 1, output);
        assert.match(output, /no default StorageClass; set it to one of: standard/);
        assert.equal(await kubectl("get daemonsets,statefulsets -A -o name"), "");
    });

    test("authenticates pods after one up with four settings of its own", async () => {
        const platform = await openPlatform(OVERRIDES);
        const { outputs, stdout } = await platform.up();
        // The namespaces say their level in all three modes, so the cluster's own warns of nothing.
        assert.doesNotMatch(stdout, /would violate PodSecurity/);
        await platform.preview({ expectNoChanges: true });
        await (await openStack(home, await demoProgram("dev"), "dev")).up();
        const demo = demoProof(new Cluster(), stackOutputs(outputs));
        for (const { what, seen } of await demo.prove(120_000)) console.log(`${what}: ${seen}`);
    });
});

/** What was proven above was proven on such a cluster: each difference is there. */
describe("the variant", () => {
    test("has kubelets whose certificates the cluster's authority has not signed", async () => {
        const worker = node(sandbox, 2);
        const ca = await readFile(join(pkiDir(sandbox), "ca.crt"));
        await assert.rejects(certificateOf(worker.ip, ca), /unable to verify|self.signed/);
        await certificateOf(worker.ip);
    });

    test("has kube-proxy on all nodes, which serves what Cilium leaves to it", async () => {
        const iptables = [
            "chroot",
            await ensureRoot("cilium-runtime"),
            "iptables-save",
            "--table=nat",
        ];
        for (const index of [1, 2, 3]) {
            const rules = await execNode(node(sandbox, index), iptables);
            assert.match(rules, /-A KUBE-SERVICES .*spire-server:grpc/);
        }
        const status = await kubectl(
            "-n kube-system exec daemonset/cilium -c cilium-agent -- cilium-dbg status",
        );
        assert.match(status, /^KubeProxyReplacement: +False/m);
    });

    test("has neither label nor taint of a control plane, and no default StorageClass", async () => {
        assert.equal(
            await kubectl("get nodes -l node-role.kubernetes.io/control-plane -o name"),
            "",
        );
        assert.equal(await kubectl("get nodes -o jsonpath={.items[*].spec.taints}"), "");
        assert.doesNotMatch(await kubectl("get storageclasses"), /\(default\)/);
    });

    test("refuses a pod that does not restrict itself", async () => {
        await assert.rejects(
            kubectl("run plain --image=registry.k8s.io/pause:3.10 --dry-run=server"),
            /violates PodSecurity "restricted/,
        );
    });
});

/** Connects to the kubelet at this address, and checks its certificate if there is something to check it by. */
async function certificateOf(host: string, ca?: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
        const options = { host, port: 10250, ca, rejectUnauthorized: ca !== undefined };
        const socket = connect(options, () => {
            socket.destroy();
            resolve();
        }).on("error", reject);
    });
}
