import assert from "node:assert/strict";
import { test } from "node:test";
import { type OperatorPod, strayLabels } from "../../../../components/cilium/operatorNodes";

const LABELS = { role: "system", zone: "a" };

interface Expression {
    key: string;
    operator: string;
    values?: string[];
}

function required(...terms: Expression[][]): OperatorPod {
    const nodeSelectorTerms = terms.map((matchExpressions) => ({ matchExpressions }));
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
    return { affinity: { nodeAffinity } };
}

const only = (key: string, ...values: string[]) => ({ key, operator: "In", values });

test("a pod stays on nodes with labels that its selector or its affinity asks for", () => {
    assert.deepEqual(strayLabels({ nodeSelector: { ...LABELS, other: "x" } }, LABELS), []);
    const both = [only("role", "system"), only("zone", "a")];
    assert.deepEqual(strayLabels(required(both, [...both, only("x", "y")]), LABELS), []);
    const mixed = { nodeSelector: { zone: "a" }, ...required([only("role", "system")]) };
    assert.deepEqual(strayLabels(mixed, LABELS), []);
});

test("and may leave them where it asks for less", () => {
    const all = ["role=system", "zone=a"];
    assert.deepEqual(strayLabels(undefined, LABELS), all);
    assert.deepEqual(strayLabels({}, LABELS), all);
    assert.deepEqual(strayLabels({ nodeSelector: { role: "system", zone: "b" } }, LABELS), [
        "zone=a",
    ]);
    const role = { role: "system" };
    // Any one term is enough for a node.
    assert.deepEqual(strayLabels(required([only("role", "system")], []), role), ["role=system"]);
    assert.deepEqual(strayLabels(required([only("role", "system", "x")]), role), ["role=system"]);
    assert.deepEqual(strayLabels(required([{ key: "role", operator: "Exists" }]), role), [
        "role=system",
    ]);
});
