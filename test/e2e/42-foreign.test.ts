/**
 * What others have put into a cluster: refused before anything is changed, and there as it was after all.
 *
 * Cilium is Helm's here, so that a destroyed stack leaves the pods a network.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Stack } from "@pulumi/pulumi/automation";
import { helm, releaseValuesOf, uninstall } from "../../automation/helm";
import { enterPulumi, openStack, platformProgram } from "../../automation/stack";
import { startCluster } from "../../sandbox/cluster";
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import type { Values } from "../../settings/cilium/values";
import { startCli } from "../support/cli";
import { devConfig } from "../../automation/devConfig";
import { home, kubectl, sandbox } from "../support/world";

const STACK = "guest";
const NAMESPACE = "spire-system";
const PRIVILEGED = "pod-security.kubernetes.io/enforce=privileged";

let dev: Record<string, Values>;

/** The stack, with other settings than before. */
async function open(cilium: Values, spire: Values = {}): Promise<Stack> {
    const overrides = { ...dev, "cilium-spire:cilium": cilium, "cilium-spire:spire": spire };
    return await openStack(home, { ...(await platformProgram()), overrides }, STACK);
}

/** Everything of the namespace that a stack could change, with the versions that each change makes anew. */
async function theirs(): Promise<string> {
    const columns = "-o custom-columns=K:.kind,N:.metadata.name,V:.metadata.resourceVersion";
    const kinds = "configmaps,serviceaccounts,statefulsets,services";
    return [
        await kubectl(`get namespace ${NAMESPACE} -o jsonpath={.metadata}`),
        await kubectl(`-n ${NAMESPACE} get ${kinds} --no-headers ${columns}`),
    ].join("\n");
}

/** The refusal of an `up` that must change nothing. */
async function refusal(stack: Stack): Promise<string> {
    const before = await theirs();
    const { code, output } = await (await startCli(stack, "up", "--skip-preview")).ended;
    assert.notEqual(code, 0, output);
    assert.equal(await theirs(), before);
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources?: { type: string }[] };
    };
    const made = (deployment.resources ?? []).map(({ type }) => type);
    // Pulumi's own are on no cluster: the stack, and the provider that reads its state.
    assert.deepEqual(
        made.filter((type) => !type.startsWith("pulumi:")),
        [],
    );
    return output;
}

before(async () => {
    await startCluster(sandbox);
    await enterPulumi(home);
    dev = await devConfig();
    await helm("install", releaseValuesOf(dev["cilium-spire:cilium"]!));
    await kubectl("-n kube-system rollout status daemonset/cilium --timeout=180s");
    await kubectl(`create namespace ${NAMESPACE}`);
    await kubectl(`-n ${NAMESPACE} create configmap treasure --from-literal=a=b`);
    await kubectl(`-n ${NAMESPACE} create serviceaccount spire-server`);
});
after(async () => {
    await kubectl(`delete namespace ${NAMESPACE} --ignore-not-found`);
    await uninstall();
});

describe("a cluster where others were first", () => {
    const version = () => dev["cilium-spire:cilium"]!.version;

    test("keeps the Cilium that Helm installed", async () => {
        const message = await refusal(await open(dev["cilium-spire:cilium"]!));
        assert.match(
            message,
            /a Cilium of somebody else's \(DaemonSet cilium, .*set it to "adopt"/,
        );
    });

    test("keeps its namespace, with what is in it", async () => {
        const message = await refusal(await open({ mode: "adopt", version: version() }));
        assert.match(message, /the namespace is there and is not this stack's/);
        assert.match(message, /has ServiceAccount spire-server of somebody else's/);
    });

    test("keeps a StatefulSet that another SPIRE is", async () => {
        await kubectl(`-n ${NAMESPACE} delete serviceaccount spire-server`);
        await kubectlOf(sandbox, ["-n", NAMESPACE, "create", "-f", "-"], {
            input: JSON.stringify({
                apiVersion: "apps/v1",
                kind: "StatefulSet",
                metadata: { name: "spire-server" },
                spec: {
                    replicas: 0,
                    serviceName: "x",
                    selector: { matchLabels: { app: "x" } },
                    template: {
                        metadata: { labels: { app: "x" } },
                        spec: { containers: [{ name: "x", image: "registry.k8s.io/pause:3.10" }] },
                    },
                },
            }),
        });
        const settings = { createNamespaces: false };
        const stack = await open({ mode: "adopt", version: version() }, settings);
        assert.match(await refusal(stack), /has StatefulSet spire-server of somebody else's/);
        await kubectl(`-n ${NAMESPACE} delete statefulset spire-server`);
    });

    test("lends its namespace, and has it back with all that was in it", async () => {
        await kubectl(`label namespace ${NAMESPACE} ${PRIVILEGED}`);
        const metadata = `get namespace ${NAMESPACE} -o jsonpath={.metadata}`;
        const before = await kubectl(metadata);
        const settings = { createNamespaces: false };
        const stack = await open({ mode: "adopt", version: version() }, settings);
        await stack.up();
        await stack.preview({ expectNoChanges: true });
        await stack.destroy();
        assert.equal(await kubectl(metadata), before);
        assert.equal(
            await kubectl(`-n ${NAMESPACE} get configmap treasure -o jsonpath={.data.a}`),
            "b",
        );
        const left = await kubectl(`-n ${NAMESPACE} get statefulsets,daemonsets,services -o name`);
        assert.equal(left, "");
    });
});
