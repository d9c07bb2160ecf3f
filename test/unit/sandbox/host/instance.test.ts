import assert from "node:assert/strict";
import { test } from "node:test";
import { instance, node, nodeNamed } from "../../../../sandbox/host/instance";

test("instances share no address, port, name or directory", () => {
    const all = Array.from({ length: 10 }, (_, n) => instance(n));
    const values = all.flatMap((i) => [
        i.apiAddress,
        i.podCidr,
        i.bridge,
        i.stateDir,
        ...Object.values(i.ports),
        ...[1, 2, 3].flatMap((index) => [node(i, index).ip, node(i, index).netns]),
    ]);
    assert.equal(new Set(values).size, values.length);
});

test("interface names fit into the kernel's 15 characters", () => {
    assert.ok(node(instance(9), 9).netns.length <= 15);
});

test("nodes have the names that kind gives", () => {
    const names = [1, 2, 3, 4].map((index) => node(instance(0), index).name);
    assert.deepEqual(names, [
        "precinct-99-control-plane",
        "precinct-99-worker",
        "precinct-99-worker2",
        "precinct-99-worker3",
    ]);
    for (const name of names) assert.equal(nodeNamed(instance(0), name).name, name);
});

test("a wrong instance or node is refused with the choice", () => {
    for (const wrong of ["10", "-1", "a", "1.5"]) {
        assert.throws(() => instance(wrong), /not a number from 0 to 9/);
    }
    assert.throws(() => nodeNamed(instance(0), "worker"), /precinct-99-worker2/);
    assert.throws(() => node(instance(0), 0), /between 1 and/);
});
