import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
    cgroup2Root,
    cgroupDirs,
    cgroupPids,
    createCgroup,
    enterScript,
    removeCgroup,
} from "../../../../sandbox/host/cgroups";

const usable = process.getuid?.() === 0 && cgroup2Root() !== undefined;

test("a cgroup knows its processes and ends them all", { skip: !usable }, async () => {
    const cgroup = `cspire-test-${process.pid}`;
    await createCgroup(`${cgroup}/inner`);
    const script = enterScript(`${cgroup}/inner`);
    const child = spawn("sh", ["-c", script, "sh", "sh", "-c", "sleep 60 & echo up; wait"], {
        stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    const pids = await cgroupPids(cgroup);
    assert.equal(pids.length, 2);
    assert.ok(pids.includes(child.pid!));
    const ended = once(child, "exit");
    await removeCgroup(cgroup);
    assert.deepEqual((await ended)[1], "SIGKILL");
    assert.deepEqual(await cgroupDirs(cgroup), []);
    assert.deepEqual(await cgroupPids(cgroup), []);
});

test("removing what does not exist is no error", { skip: !usable }, async () => {
    await removeCgroup(`cspire-test-none-${process.pid}`);
});
