/** Whatever has the names of ours and is not ours is refused, by the key that leads to it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { ownerOf } from "../../../components/owner";
import { objectKey, requireOwnership } from "../../../doctor/ownership";
import { decodeSettings } from "../../../settings/decode";
import { RECIPIENTS } from "../../support/recipients";
import { useFakeCluster } from "../../support/fakeCluster";

const STACK = { project: "cilium-spire", stack: "dev" };
const OURS = "cilium-spire.dev";

/** The writer of the object at each path, and its Pod Security level if it is a namespace. */
let objects: Record<string, { by: string; level?: string }> = {};
/** Namespaces of DaemonSets with Cilium's label. */
let ciliums: string[] = [];

useFakeCluster((path) => {
    if (path === "/apis/apps/v1/daemonsets") {
        return { items: ciliums.map((namespace) => ({ metadata: { namespace, name: "cilium" } })) };
    }
    const found = objects[path.replace(/^\/(api|apis\/[^/]+)\/v1\//, "")];
    if (!found) return undefined;
    const { by, level } = found;
    const labels = level && { "pod-security.kubernetes.io/enforce": level };
    return { metadata: { managedFields: [{ manager: "kubelet" }, { manager: by }], labels } };
});

async function refusal(
    there: typeof objects,
    settings: { spire?: object; cilium?: object; observability?: object } = {},
    known: string[] = [],
): Promise<string> {
    objects = there;
    const decoded = decodeSettings({ trustDomain: "d.local", clusterName: "c", ...settings });
    return await requireOwnership(new Cluster(), decoded, STACK, () =>
        Promise.resolve(new Set(known)),
    ).then(
        () => "",
        (error: unknown) => (error as Error).message,
    );
}

const NAMESPACE = "namespaces/spire-system";
const APART = { server: { namespace: "a" }, agent: { namespace: "b" } };

test("nothing, and what is ours, is in nobody's way", async () => {
    assert.equal(await refusal({}), "");
    const ours = ["", "/statefulsets/spire-server", "/configmaps/spire-bundle"];
    const all = ours.map((path) => [NAMESPACE + path, { by: OURS }]);
    assert.equal(await refusal(Object.fromEntries(all) as typeof objects), "");
    assert.equal(await refusal({ "namespaces/kube-system/daemonsets/cilium": { by: OURS } }), "");
});

test("what the state has is ours, whoever seems to have written it", async () => {
    const earlier = { [NAMESPACE]: { by: "pulumi-kubernetes-0a1b2c3d" } };
    assert.match(await refusal(earlier), /is not this stack's/);
    assert.equal(await refusal(earlier, {}, [objectKey("Namespace", "spire-system")]), "");
});

test("a namespace of others is refused, or used as it is", async () => {
    const theirs = { [NAMESPACE]: { by: "kubectl-create" } };
    assert.match(
        await refusal(theirs),
        /spire\.agent\.namespace = "spire-system": the namespace is there .*; choose another, or set spire\.createNamespaces to false$/,
    );
    const asItIs = { spire: { createNamespaces: false } };
    assert.equal(await refusal(theirs, asItIs), "");
    assert.match(await refusal({}, asItIs), /createNamespaces is false; make it first/);
    const baseline = { [NAMESPACE]: { by: "kubectl-create", level: "baseline" } };
    assert.match(
        await refusal(baseline, asItIs),
        /"kubectl label --overwrite namespace spire-system pod-security\.kubernetes\.io\/enforce=privileged"/,
    );
    const apart = {
        "namespaces/a": { by: "x", level: "restricted" },
        "namespaces/b": { by: "x", level: "privileged" },
    };
    assert.equal(await refusal(apart, { spire: { ...APART, createNamespaces: false } }), "");
});

const others: Record<string, RegExp> = {
    // helm-charts-hardened has the same names.
    [`${NAMESPACE}/statefulsets/spire-server`]:
        /spire\.agent\.namespace = "spire-system": has StatefulSet spire-server of somebody else's; use it with spire\.mode = "external", choose another namespace, or remove them/,
    [`${NAMESPACE}/serviceaccounts/spire-agent`]: /has ServiceAccount spire-agent of/,
    [`${NAMESPACE}/configmaps/spire-bundle`]: /has ConfigMap spire-bundle of/,
    "clusterroles/spire-server-dev":
        /the stack's name "dev": ClusterRole spire-server-dev of somebody else's; give the stack another/,
    "namespaces/kube-system/daemonsets/cilium":
        /cilium\.mode = "install": there is a Cilium of somebody else's \(DaemonSet cilium\); set it to "adopt"/,
    "namespaces/kube-system/configmaps/cilium-config": /\(ConfigMap cilium-config\)/,
};
for (const [path, message] of Object.entries(others)) {
    test(`refused: ${path} of Helm's`, async () => {
        assert.match(await refusal({ [path]: { by: "helm" } }), message);
        // Of the same name in another project.
        assert.match(await refusal({ [path]: { by: "other.dev" } }), message);
    });
}

test("a Cilium in another namespace is refused, and none is in the way of adoption", async (t) => {
    ciliums = ["cilium"];
    t.after(() => (ciliums = []));
    assert.match(await refusal({}), /\(DaemonSet cilium\/cilium\); set it to "adopt"/);
    const adopt = { cilium: { mode: "adopt", version: "1.19.6" } };
    const helm = { "namespaces/kube-system/daemonsets/cilium": { by: "helm" } };
    assert.equal(await refusal(helm, adopt), "");
});

test("no two stacks have one owner", () => {
    const pairs = [
        { project: "a", stack: "b.c" },
        { project: "a.b", stack: "c" },
        { project: "a_.b", stack: "c" },
        { project: "a_", stack: "b.c" },
    ];
    assert.equal(new Set(pairs.map(ownerOf)).size, pairs.length);
    assert.equal(ownerOf(STACK), OURS);
    assert.throws(
        () => ownerOf({ project: "p".repeat(100), stack: "s".repeat(30) }),
        /shorten one/,
    );
});

test("namespaces of Kubernetes' own and Cilium's are never made", () => {
    const decode = (namespace: string, rest: object = {}) =>
        decodeSettings({
            ...{ trustDomain: "d.local", clusterName: "c", cilium: { namespace: "cilium" } },
            spire: { server: { namespace }, ...rest },
        });
    for (const namespace of ["kube-system", "default", "cilium"]) {
        assert.throws(() => decode(namespace), /spire\.server\.namespace = .* neither labels nor/);
        assert.doesNotThrow(() => decode(namespace, { createNamespaces: false }));
    }
});

test("what observability would make is refused when it is there, and only when it would", async () => {
    const theirs = { [`${NAMESPACE}/configmaps/cilium-spire-dashboard`]: { by: "helm" } };
    assert.match(
        await refusal(theirs, { observability: { dashboard: true } }),
        /observability: there are ConfigMap cilium-spire-dashboard of somebody else's; remove them/,
    );
    assert.equal(await refusal(theirs), "");
});

test("what backups would make is refused when it is there, but not a claim that this stack has left", async () => {
    const storage = { size: "1Gi" };
    const backup = {
        ...{ schedule: "30 2 * * *", image: "tools:1", storage },
        encryptFor: [RECIPIENTS[0]],
    };
    const settings = { spire: { server: { backup } } };
    const claim = `${NAMESPACE}/persistentvolumeclaims/spire-backup`;
    const theirs = { [claim]: { by: "helm" }, [`${NAMESPACE}/cronjobs/spire-backup`]: { by: "x" } };
    assert.match(
        await refusal(theirs, settings),
        /spire\.server\.backup: there are CronJob spire-backup, PersistentVolumeClaim spire-backup of somebody else's; remove them/,
    );
    assert.equal(await refusal(theirs), "");
    assert.equal(await refusal({ [claim]: { by: OURS } }, settings), "");
});

test("what the OIDC discovery provider, the CSI driver and the controller manager would make is refused when it is there", async () => {
    const provider = `${NAMESPACE}/deployments/spire-oidc-discovery-provider`;
    const asked = { spire: { oidcDiscoveryProvider: { domain: "oidc.d.local" } } };
    assert.match(
        await refusal({ [provider]: { by: "helm" } }, asked),
        /spire\.oidcDiscoveryProvider: there are Deployment spire-oidc-discovery-provider of somebody else's; remove them/,
    );
    assert.equal(await refusal({ [provider]: { by: "helm" } }), "");
    const driver = { "csidrivers/csi.spiffe.io": { by: "helm" } };
    assert.match(
        await refusal(driver, { spire: { agent: { csiDriver: {} } } }),
        /spire\.agent\.csiDriver: there are CSIDriver csi\.spiffe\.io of somebody else's; leave it out, and have the driver that is there mount/,
    );
    const kind = "customresourcedefinitions/clusterspiffeids.spire.spiffe.io";
    const manager = { spire: { controllerManager: {} } };
    assert.match(
        await refusal({ [kind]: { by: "helm" } }, manager),
        /spire\.controllerManager: there are CustomResourceDefinition clusterspiffeids\.spire\.spiffe\.io of somebody else's; leave it out, and let the controller that is there have an entryIDPrefix$/,
    );
    // A destroy leaves it.
    assert.equal(await refusal({ [kind]: { by: OURS } }, manager), "");
    assert.equal(await refusal({ [kind]: { by: "helm" } }), "");
});
