import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { copyImageStore, storeOf } from "../build/imageStore";
import { PAUSE_IMAGE } from "../build/images";
import { DNS_SERVICE_IP, type Instance, type Node } from "../host/instance";
import { sandboxSources } from "../host/paths";
import { ensureKubernetesProgram } from "../build/kubernetesRelease";
import { createNodeIdentity, pkiDir } from "../controlPlane/pki";
import type { Variant } from "../controlPlane/variant";
import { KUBERNETES_VERSION } from "../build/versions";

const CONTROL_PLANE_TAINT = {
    key: "node-role.kubernetes.io/control-plane",
    effect: "NoSchedule",
};

/** Where node.sh mounts {@link kubeProxyDir}. */
const PROXY_MOUNT = "/mnt";

/** Writes everything that a node needs before it starts: disk with images, identity, configuration. */
export async function createNodeFiles(
    instance: Instance,
    node: Node,
    variant: Variant,
): Promise<void> {
    await mkdir(node.dir, { recursive: true });
    await createNodeIdentity(instance, node);
    const pki = pkiDir(instance);
    await copyFile(join(pki, `${node.name}.kubeconfig`), join(node.dir, "kubeconfig"));
    await writeFile(
        join(node.dir, "kubelet.json"),
        JSON.stringify(kubeletConfiguration(node, pki, variant), null, 2),
    );
    await writeFile(join(node.dir, "containerd.toml"), await containerdConfiguration(instance));
    if (variant.kubeProxy) await createKubeProxyFiles(instance, node);
    const store = join(node.dir, "containerd");
    if (!existsSync(store)) await copyImageStore(await storeOf(instance), store);
}

/** The kubelet's configuration file. */
export function kubeletConfiguration(
    node: Node,
    pki: string,
    { kubeletCertificates, controlPlaneNode, clusterDomain }: Variant,
): object {
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: node.ip,
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: true },
            x509: { clientCAFile: join(pki, "ca.crt") },
        },
        authorization: { mode: "Webhook" },
        // Signed by the cluster's authority, so that the API server and SPIRE can verify the kubelet. Without, the kubelet
        // makes its own.
        ...(kubeletCertificates === "cluster" && {
            tlsCertFile: join(pki, `${node.name}.crt`),
            tlsPrivateKeyFile: join(pki, `${node.name}.key`),
        }),
        containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
        registerWithTaints: controlPlaneNode && node.index === 1 ? [CONTROL_PLANE_TAINT] : [],
        clusterDNS: [DNS_SERVICE_IP],
        clusterDomain,
        resolvConf: "/etc/resolv.conf",
        cgroupDriver: "cgroupfs",
        cgroupRoot: `/${node.cgroup}`,
        enforceNodeAllocatable: [],
        failCgroupV1: false,
        failSwapOn: false,
        // All nodes share the machine's disk and memory: none of them can free some by evicting. A full disk would
        // have them delete images, which cannot be pulled again. 0% is "never".
        evictionHard: {
            "memory.available": "50Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
        imageGCHighThresholdPercent: 100,
        volumePluginDir: "/var/lib/kubelet/volume-plugins",
        // Sooner than the default minute: tests wait for ConfigMaps and node states.
        syncFrequency: "10s",
        nodeStatusUpdateFrequency: "5s",
    };
}

/** What the node mounts into the root file system in which kube-proxy runs. */
export function kubeProxyDir(node: Node): string {
    return join(node.dir, "kube-proxy");
}

async function createKubeProxyFiles(instance: Instance, node: Node): Promise<void> {
    const dir = kubeProxyDir(node);
    await mkdir(dir, { recursive: true });
    const program = await ensureKubernetesProgram(KUBERNETES_VERSION, "kube-proxy");
    await copyFile(program, join(dir, "kube-proxy"));
    await copyFile(join(pkiDir(instance), "kube-proxy.kubeconfig"), join(dir, "kubeconfig"));
    const configuration = {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        // kubeadm's choice, and so kind's.
        mode: "iptables",
        clusterCIDR: instance.podCidr,
        hostnameOverride: node.name,
        clientConnection: { kubeconfig: `${PROXY_MOUNT}/kubeconfig` },
        // The machine's, not the node's: kind leaves it alone, too.
        conntrack: { maxPerCore: 0 },
    };
    await writeFile(join(dir, "config.json"), JSON.stringify(configuration, null, 2));
}

/**
 * Where containerd of all nodes looks for what it should know of a registry: `<host:port>/hosts.toml` (containerd's
 * docs/hosts.md). Read at each pull.
 */
export function registriesDir({ stateDir }: Instance): string {
    return join(stateDir, "certs.d");
}

async function containerdConfiguration(instance: Instance): Promise<string> {
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    const status = await readFile("/proc/self/status", "utf8");
    const wrapper = mayHaveSysResource(status)
        ? ""
        : `BinaryName = "${join(sandboxSources, "nodes", "runc.sh")}"`;
    return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[${cri}]
sandbox_image = "${PAUSE_IMAGE}"
restrict_oom_score_adj = true
[${cri}.registry]
config_path = "${registriesDir(instance)}"
[${cri}.cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
[${cri}.containerd]
snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
${wrapper}
`;
}

/** Whether processes can have CAP_SYS_RESOURCE, by the bounding set in a /proc/PID/status. */
export function mayHaveSysResource(status: string): boolean {
    const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
    return (BigInt(`0x${bounding}`) & (1n << 24n)) !== 0n;
}
