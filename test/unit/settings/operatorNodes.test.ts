import assert from "node:assert/strict";
import { test } from "node:test";
import { operatorPlacement } from "../../../settings/cilium/operatorNodes";
import { decodeSettings } from "../../../settings/decode";

const LABELS = { role: "system" };

test("a node selector of the user's may repeat the labels, narrow them, or stand alone", () => {
    const decode = (nodeSelector: object, operatorNodeLabels: object) =>
        decodeSettings({
            ...{ trustDomain: "d.local", clusterName: "c" },
            registration: { operatorNodeLabels },
            cilium: { values: { operator: { nodeSelector } } },
        });
    assert.doesNotThrow(() => decode(LABELS, LABELS));
    assert.doesNotThrow(() => decode({ ...LABELS, zone: "a" }, LABELS));
    assert.doesNotThrow(() => decode({ zone: "a" }, LABELS));
    assert.doesNotThrow(() => decode({ role: "other" }, {}));
});

test("the operator needs a node for each replica, where the chart keeps them apart", () => {
    assert.deepEqual(operatorPlacement({}, LABELS), { nodeSelector: LABELS, nodes: 2 });
    const narrower = { operator: { replicas: 1, nodeSelector: { zone: "a", role: "system" } } };
    assert.deepEqual(operatorPlacement(narrower, LABELS), {
        nodeSelector: { zone: "a", role: "system" },
        nodes: 1,
    });
    assert.equal(operatorPlacement({ operator: { replicas: 3, affinity: {} } }, LABELS).nodes, 1);
});
