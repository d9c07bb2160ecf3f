import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
    addWorkloadSocket,
    type DaemonSetProps,
} from "../../../../components/cilium/workloadSocket";

const SOCKET = "/run/spire/sockets/agent.sock";
const DIRECTORY = "/run/spire/sockets";

const anyName = fc.constantFrom("cilium-agent", "clean", "tmp", "spire-workload-socket", "x");
const anyPath = fc.constantFrom(DIRECTORY, "/run/spire", "/tmp", "/run/spire/sockets/deep");

/** A plain object, where all but `name` may be missing. */
function sparse<T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
    const requiredKeys = ("name" in members ? ["name"] : []) as (keyof T)[];
    return fc.record(members, { requiredKeys, noNullPrototype: true });
}

const named = <T extends { name: string }>(item: fc.Arbitrary<T>) =>
    fc.uniqueArray(item, { maxLength: 3, selector: ({ name }) => name });

const mounts = fc.uniqueArray(
    fc.record({ name: anyName, mountPath: anyPath }, { noNullPrototype: true }),
    { maxLength: 3, selector: (mount) => mount.mountPath },
);

/** DaemonSets of which some can be transformed and some cannot. */
const anyDaemonSet = sparse({
    spec: sparse({
        template: sparse({
            spec: sparse({
                volumes: named(sparse({ name: anyName, hostPath: sparse({ path: anyPath }) })),
                containers: named(sparse({ name: anyName, volumeMounts: mounts })),
            }),
        }),
    }),
}) as fc.Arbitrary<DaemonSetProps>;

function transformed(daemonSet: DaemonSetProps): DaemonSetProps | undefined {
    try {
        return addWorkloadSocket(daemonSet, SOCKET);
    } catch (error) {
        assert.match((error as Error).message, /; (set|choose|rename) /, "names a remedy");
        return undefined;
    }
}

test("for any DaemonSet: a valid mount of the host's directory, or an error with a remedy", () => {
    let done = 0;
    fc.assert(
        fc.property(anyDaemonSet, (daemonSet) => {
            const before = structuredClone(daemonSet);
            const result = transformed(daemonSet);
            assert.deepEqual(daemonSet, before, "the argument is not changed");
            if (!result) return;
            done++;
            const pod = result.spec!.template!.spec!;
            const agent = pod.containers!.find((c) => c.name === "cilium-agent")!;
            const mounts = agent.volumeMounts!.filter((m) => m.mountPath === DIRECTORY);
            assert.equal(mounts.length, 1, "one mount at the path");
            const volumes = pod.volumes!.filter((v) => v.name === mounts[0]!.name);
            assert.equal(volumes.length, 1, "one volume of that name");
            assert.equal(volumes[0]!.hostPath!.path, DIRECTORY);
            const others = (d: DaemonSetProps) =>
                d.spec?.template?.spec?.containers?.filter((c) => c.name !== "cilium-agent");
            assert.deepEqual(others(result), others(before), "other containers stay");
        }),
        { numRuns: 1000 },
    );
    assert.ok(done > 50, `only ${done} DaemonSets could be transformed`);
});

test("idempotent", () => {
    fc.assert(
        fc.property(anyDaemonSet, (daemonSet) => {
            const once = transformed(daemonSet);
            if (once) assert.equal(addWorkloadSocket(once, SOCKET), once);
        }),
        { numRuns: 1000 },
    );
});

test("the new mount is read-only and comes with its volume", () => {
    const daemonSet = { spec: { template: { spec: { containers: [{ name: "cilium-agent" }] } } } };
    assert.deepEqual(addWorkloadSocket(daemonSet, SOCKET).spec.template.spec, {
        containers: [
            {
                name: "cilium-agent",
                volumeMounts: [
                    { name: "spire-workload-socket", mountPath: DIRECTORY, readOnly: true },
                ],
            },
        ],
        volumes: [
            {
                name: "spire-workload-socket",
                hostPath: { path: DIRECTORY, type: "DirectoryOrCreate" },
            },
        ],
    });
});

test("what is in the way is named", () => {
    const withPod = (spec: object) => ({ spec: { template: { spec } } }) as DaemonSetProps;
    assert.throws(() => addWorkloadSocket({}, SOCKET), /no container "cilium-agent"/);
    assert.throws(
        () => addWorkloadSocket(withPod({ containers: [{ name: "other" }] }), SOCKET),
        /no container "cilium-agent"/,
    );
    const mount = { name: "data", mountPath: DIRECTORY };
    const taken = { containers: [{ name: "cilium-agent", volumeMounts: [mount] }] };
    assert.throws(
        () => addWorkloadSocket(withPod({ ...taken, volumes: [{ name: "data" }] }), SOCKET),
        /already mounts volume "data" at \/run\/spire\/sockets/,
    );
    const namesake = { name: "spire-workload-socket", hostPath: { path: "/elsewhere" } };
    assert.throws(
        () =>
            addWorkloadSocket(
                withPod({ containers: [{ name: "cilium-agent" }], volumes: [namesake] }),
                SOCKET,
            ),
        /already has a volume "spire-workload-socket"/,
    );
});
