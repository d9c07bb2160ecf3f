import assert from "node:assert/strict";
import { test } from "node:test";
import { storageProblem } from "../../../../components/spire/storage";

const KEY = "spire.server.storage.storageClass";
const named = (name: string) => ({ metadata: { name } });
const byDefault = {
    metadata: {
        name: "standard",
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
};

test("a claim is served by the default class, by the one it names, or by a free volume", () => {
    assert.equal(storageProblem(KEY, undefined, [named("gp2"), byDefault], []), undefined);
    assert.equal(storageProblem(KEY, "gp2", [named("gp2")], []), undefined);
    const free = { spec: { storageClassName: "manual" }, status: { phase: "Available" } };
    assert.equal(storageProblem(KEY, "manual", [], [free]), undefined);
    assert.equal(
        storageProblem(KEY, undefined, [], [{ spec: {}, status: { phase: "Available" } }]),
        undefined,
    );
});

test("without a default class, the classes to choose from are named", () => {
    assert.equal(
        storageProblem(KEY, undefined, [named("gp2"), named("gp3")], []),
        "spire.server.storage.storageClass is not set, and the cluster has no default StorageClass; set it to one of: gp2, gp3.",
    );
    assert.match(storageProblem(KEY, undefined, [], [])!, /none at all: install a provisioner/);
});

test("a class that is not there is named, and a volume in use does not help", () => {
    const bound = { spec: { storageClassName: "fast" }, status: { phase: "Bound" } };
    assert.match(
        storageProblem(KEY, "fast", [byDefault], [bound])!,
        /"fast": .* set it to one of: standard/,
    );
});
