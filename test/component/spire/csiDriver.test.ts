/** The SPIFFE CSI driver's objects. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { CSI_DRIVER, CSI_DRIVER_NAME } from "../../../components/names";
import { decode } from "../../unit/components/spire/arbitrary";
import { at, render, useMocks } from "./render";

const NAME = `DaemonSet/${CSI_DRIVER_NAME}`;

before(useMocks);

const settingsOf = (csiDriver?: object) =>
    decode({
        agent: { namespace: "spire-agents", csiDriver },
        sockets: { workload: "/run/x/a.sock" },
    });

test("there is none without the setting", async () => {
    const all = Object.keys(await render(settingsOf()));
    assert.deepEqual(
        all.filter((key) => /csi/i.test(key)),
        [],
    );
});

test("it mounts the workload socket's directory, by nobody's right but the node's", async () => {
    const pod = at((await render(settingsOf({})))[NAME], "spec.template.spec");
    const [driver, registrar] = at(pod, "containers") as object[];
    assert.equal(at(driver, "image"), "ghcr.io/spiffe/spiffe-csi-driver:0.2.9");
    assert.equal(at(driver, "securityContext.privileged"), true);
    assert.equal(
        at(registrar, "image"),
        "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.16.0",
    );
    assert.equal(at(registrar, "securityContext.allowPrivilegeEscalation"), false);
    assert.equal(at(pod, "automountServiceAccountToken"), false);
    const volumes = at(pod, "volumes") as { hostPath: { path: string } }[];
    assert.deepEqual(
        volumes.map(({ hostPath: { path } }) => path),
        [
            "/run/x",
            `/var/lib/kubelet/plugins/${CSI_DRIVER}`,
            "/var/lib/kubelet/pods",
            "/var/lib/kubelet/plugins_registry",
        ],
    );
});

test("everything is where its kubelets have their directory", async () => {
    const all = await render(settingsOf({ kubeletDirectory: "/var/snap/kubelet" }));
    assert.doesNotMatch(JSON.stringify(all[NAME]), /\/var\/lib\/kubelet/);
});
