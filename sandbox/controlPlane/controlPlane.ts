import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { poll } from "@cilium-spire/entries-provider/poll";
import { ensureBinary } from "../build/binaries";
import { SERVICE_CIDR, type Instance } from "../host/instance";
import { kubectl } from "./kubectl";
import { pkiDir } from "./pki";
import { isRunning, logTail, startService, type Service } from "../host/services";
import { SOON } from "../host/shell";
import { type Variant, variantOf } from "./variant";

const API_SERVER_DEADLINE_MS = 60_000;

/** The processes of the control plane, which run in the host's network namespace. */
export async function controlPlane(instance: Instance): Promise<Service[]> {
    const pki = (file: string) => join(pkiDir(instance), file);
    const variant = await variantOf(instance);
    const { ports } = instance;
    const etcdUrl = `https://127.0.0.1:${ports.etcdClient}`;
    const peerUrl = `https://127.0.0.1:${ports.etcdPeer}`;
    const service = async (name: string, args: string[]): Promise<Service> => ({
        name,
        cgroup: `${instance.cgroup}/${name}`,
        command: await ensureBinary(name),
        args,
    });
    return Promise.all([
        service("etcd", [
            "--name=sandbox",
            `--data-dir=${join(instance.stateDir, "etcd")}`,
            // The data need not survive the machine, and fsync is what makes etcd slow on one disk.
            "--unsafe-no-fsync",
            `--listen-client-urls=${etcdUrl}`,
            `--advertise-client-urls=${etcdUrl}`,
            `--cert-file=${pki("etcd.crt")}`,
            `--key-file=${pki("etcd.key")}`,
            `--trusted-ca-file=${pki("etcd-ca.crt")}`,
            "--client-cert-auth",
            `--listen-peer-urls=${peerUrl}`,
            `--initial-advertise-peer-urls=${peerUrl}`,
            `--initial-cluster=sandbox=${peerUrl}`,
            `--peer-cert-file=${pki("etcd.crt")}`,
            `--peer-key-file=${pki("etcd.key")}`,
            `--peer-trusted-ca-file=${pki("etcd-ca.crt")}`,
            "--peer-client-cert-auth",
            "--log-level=warn",
        ]),
        service("kube-apiserver", [
            `--bind-address=${instance.apiAddress}`,
            `--advertise-address=${instance.apiAddress}`,
            `--secure-port=${instance.apiPort}`,
            `--etcd-servers=${etcdUrl}`,
            `--etcd-cafile=${pki("etcd-ca.crt")}`,
            `--etcd-certfile=${pki("etcd-client.crt")}`,
            `--etcd-keyfile=${pki("etcd-client.key")}`,
            `--service-cluster-ip-range=${SERVICE_CIDR}`,
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--anonymous-auth=false",
            `--client-ca-file=${pki("ca.crt")}`,
            `--tls-cert-file=${pki("apiserver.crt")}`,
            `--tls-private-key-file=${pki("apiserver.key")}`,
            `--service-account-key-file=${pki("sa.pub")}`,
            `--service-account-signing-key-file=${pki("sa.key")}`,
            `--service-account-issuer=${variant.tokenIssuer}`,
            `--kubelet-client-certificate=${pki("kubelet-client.crt")}`,
            `--kubelet-client-key=${pki("kubelet-client.key")}`,
            // Without it the API server believes any certificate of a kubelet, as kubeadm has it.
            ...(variant.kubeletCertificates === "cluster"
                ? [`--kubelet-certificate-authority=${pki("ca.crt")}`]
                : []),
            "--kubelet-preferred-address-types=InternalIP",
            ...(variant.podSecurity === "privileged"
                ? []
                : [`--admission-control-config-file=${admissionFile(instance)}`]),
        ]),
        service("kube-controller-manager", [
            "--bind-address=127.0.0.1",
            `--secure-port=${ports.controllerManager}`,
            `--kubeconfig=${pki("kube-controller-manager.kubeconfig")}`,
            `--cluster-cidr=${instance.podCidr}`,
            "--allocate-node-cidrs=true",
            `--service-cluster-ip-range=${SERVICE_CIDR}`,
            "--use-service-account-credentials=true",
            `--root-ca-file=${pki("ca.crt")}`,
            `--service-account-private-key-file=${pki("sa.key")}`,
            "--leader-elect=false",
        ]),
        service("kube-scheduler", [
            "--bind-address=127.0.0.1",
            `--secure-port=${ports.scheduler}`,
            `--kubeconfig=${pki("kube-scheduler.kubeconfig")}`,
            "--leader-elect=false",
        ]),
    ]);
}

/**
 * Starts what is not running and returns when the API server is ready.
 *
 * @throws Error with the end of the log of the process that is missing or not ready.
 */
export async function startControlPlane(instance: Instance): Promise<void> {
    const admission = admissionConfiguration(await variantOf(instance));
    await writeFile(admissionFile(instance), JSON.stringify(admission));
    const services = await controlPlane(instance);
    const [etcd, apiServer, ...clients] = services as [Service, Service, ...Service[]];
    await startService(instance, etcd);
    await startService(instance, apiServer); // waits for etcd by itself
    try {
        const attempt = async () => {
            for (const service of [etcd, apiServer]) {
                if (!(await isRunning(service))) return { failed: `${service.name} ended` };
            }
            await kubectl(instance, ["get", "--raw", "/readyz"], { timeoutMs: 5_000 });
            return { done: true };
        };
        await poll(API_SERVER_DEADLINE_MS, "API server", attempt, SOON);
    } catch (error) {
        const logs = await Promise.all([etcd, apiServer].map((s) => logTail(instance, s.name)));
        throw new Error([messageOf(error), ...logs].join("\n"));
    }
    // Not before: these two give up when the API server does not answer at once.
    for (const client of clients) await startService(instance, client);
}

function admissionFile({ stateDir }: Instance): string {
    return join(stateDir, "admission.json");
}

/** Pod Security of namespaces without a label; exempt is what Kubernetes' own tutorial for whole clusters exempts. */
function admissionConfiguration({ podSecurity: level }: Variant): object {
    return {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AdmissionConfiguration",
        plugins: [
            {
                name: "PodSecurity",
                configuration: {
                    apiVersion: "pod-security.admission.config.k8s.io/v1",
                    kind: "PodSecurityConfiguration",
                    defaults: { enforce: level, warn: level, audit: level },
                    exemptions: { namespaces: ["kube-system"] },
                },
            },
        ],
    };
}
