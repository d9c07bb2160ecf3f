/** Pods are found by the whole selector of a workload, and only those that it controls are deleted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, restartOperator, selectorText } from "@cilium-spire/entries-provider";
import { Reply, useFakeCluster } from "../../../support/fakeCluster";

const OPERATOR = { namespace: "kube-system", deployment: "cilium-operator" };
const ALL = { matchLabels: { app: "operator" } };

let selector: object | undefined = ALL;
/** Of a DELETE, by the pod's name. */
let deletions: Record<string, Reply> = {};

const owned = (name: string, kind: string, owner: string, controller = true) => ({
    metadata: {
        name,
        namespace: "kube-system",
        uid: `uid-${name}`,
        ownerReferences: [
            { apiVersion: "apps/v1", kind, name: owner, uid: `uid-${owner}`, controller },
        ],
    },
});

const cluster = useFakeCluster((path, { method }) => {
    if (path.endsWith("/deployments/cilium-operator")) {
        return { metadata: { uid: "uid-cilium-operator" }, spec: { selector } };
    }
    if (path.endsWith("/replicasets")) {
        const items = [
            owned("set-1", "Deployment", "cilium-operator"),
            owned("set-2", "Deployment", "other"),
        ];
        return { items };
    }
    if (method === "DELETE") return deletions[path.split("/").pop()!] ?? {};
    if (path.endsWith("/pods")) {
        const items = [
            owned("operator-a", "ReplicaSet", "set-1"),
            owned("stranger", "ReplicaSet", "set-2"),
            owned("friend", "ReplicaSet", "set-1", false),
            { metadata: { name: "bare", namespace: "kube-system", uid: "uid-bare" } },
            owned("operator-b", "ReplicaSet", "set-1"),
        ];
        return { items };
    }
    return undefined;
});

const deleted = () => cluster.asked.filter(({ method }) => method === "DELETE");

test("the operator's restart deletes the pods that its Deployment controls, each by its UID", async () => {
    selector = ALL;
    deletions = {};
    await restartOperator(new Cluster(), OPERATOR);
    assert.deepEqual(
        deleted().map(({ path, body }) => [path.split("/").pop(), body]),
        ["operator-a", "operator-b"].map((name) => [
            name,
            { preconditions: { uid: `uid-${name}` } },
        ]),
    );
    const lists = cluster.asked.filter(({ query }) => query.has("limit"));
    assert.deepEqual(
        lists.map(({ query }) => query.get("labelSelector")),
        ["app=operator", "app=operator"],
    );
});

test("a pod that is gone, or whose name another has by now, is deleted", async () => {
    selector = ALL;
    deletions = { "operator-a": new Reply(409), "operator-b": new Reply(404) };
    await restartOperator(new Cluster(), OPERATOR);
    assert.equal(deleted().length, 2);
});

test("nothing is deleted by an empty selector, or one that is not understood", async () => {
    const refused: [object | undefined, RegExp][] = [
        [undefined, /the selector of Deployment kube-system\/cilium-operator is empty, and would/],
        [{}, /is empty/],
        [{ matchLabels: {}, matchExpressions: [] }, /is empty/],
        [{ ...ALL, matchExpressions: [{ key: "a", operator: "Near", values: ["b"] }] }, /"Near"/],
        [{ matchExpressions: [{ key: "a", operator: "In" }] }, /"In" with 0 values/],
        [{ matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] }, /"Exists"/],
        [{ matchLabels: { app: "a,b" } }, /has "a,b", which no label can be/],
        [{ matchExpressions: [{ key: "a)", operator: "Exists" }] }, /has "a\)"/],
    ];
    for (const [wrong, message] of refused) {
        selector = wrong;
        await assert.rejects(restartOperator(new Cluster(), OPERATOR), message);
    }
    assert.equal(cluster.asked.length, refused.length);
});

test("a selector's text has its labels and its expressions", () => {
    const text = selectorText("DaemonSet a/b", {
        matchLabels: { "k8s.io/app": "x" },
        matchExpressions: [
            { key: "tier", operator: "In", values: ["a", "b"] },
            { key: "zone", operator: "NotIn", values: ["c"] },
            { key: "owned", operator: "Exists" },
            { key: "test", operator: "DoesNotExist", values: [] },
        ],
    });
    assert.equal(text, "k8s.io/app=x,tier in (a,b),zone notin (c),owned,!test");
});
