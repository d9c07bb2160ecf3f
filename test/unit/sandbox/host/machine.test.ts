import assert from "node:assert/strict";
import { test } from "node:test";
import { instance, node } from "../../../../sandbox/host/instance";
import { kubeletConfiguration, mayHaveSysResource } from "../../../../sandbox/nodes/nodeFiles";
import { atLeast } from "../../../../sandbox/host/machine";
import { run } from "../../../../sandbox/host/shell";
import { VARIANTS } from "../../../../sandbox/controlPlane/variant";

test("versions compare by number", () => {
    assert.ok(atLeast("5.14.0-1-amd64", "5.14"));
    assert.ok(atLeast("6.1", "5.14"));
    assert.ok(!atLeast("5.9.16", "5.14"));
    assert.ok(atLeast("1.26.8", "1.26"));
    assert.ok(!atLeast("1.9", "1.26"));
});

test("CAP_SYS_RESOURCE is read from the bounding set", () => {
    assert.equal(mayHaveSysResource("CapEff:\t0\nCapBnd:\t000001ffffffffff\n"), true);
    assert.equal(mayHaveSysResource("CapEff:\t0\nCapBnd:\t000001fffeffffff\n"), false);
});

test("only the control plane is tainted, and every kubelet has its own cgroup", () => {
    const configurations = [1, 2].map((index) =>
        kubeletConfiguration(node(instance(3), index), "/pki", VARIANTS.default),
    ) as { registerWithTaints: { effect: string }[]; cgroupRoot: string }[];
    assert.equal(configurations[0]!.registerWithTaints[0]!.effect, "NoSchedule");
    assert.deepEqual(configurations[1]!.registerWithTaints, []);
    assert.equal(configurations[1]!.cgroupRoot, "/cspire3/node-2");
});

test("a failed command says what it wrote, a slow one that it timed out", async () => {
    await assert.rejects(run("sh", ["-c", "echo reason >&2; exit 3"]), /exit status 3\nreason/);
    await assert.rejects(run("sleep", ["5"], { timeoutMs: 50 }), /timed out/);
    await assert.rejects(run("no-such-program", []), /cannot run no-such-program/);
    assert.equal(await run("cat", [], { input: "text" }), "text");
});
