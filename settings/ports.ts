/** Ports that are taken. */

/** Ports of the node that others listen on (Cilium's documentation, "Firewall Rules"; Kubernetes, "Ports and Protocols"). */
export const TAKEN_PORTS: Record<number, string> = {
    22: "SSH",
    2379: "etcd",
    2380: "etcd",
    4240: "Cilium's health checks",
    4244: "Hubble",
    4250: "Cilium's mutual authentication",
    6443: "the API server",
    9234: "cilium-operator's health checks",
    9878: "Envoy's health checks",
    9879: "cilium-agent's health checks",
    9890: "cilium-agent's gops",
    9891: "cilium-operator's gops",
    9901: "Envoy's admin interface",
    9962: "cilium-agent's metrics",
    9963: "cilium-operator's metrics",
    9964: "Envoy's metrics",
    9965: "Hubble's metrics",
    10248: "kubelet",
    10249: "kube-proxy",
    10250: "kubelet",
    10256: "kube-proxy",
    10257: "kube-controller-manager",
    10259: "kube-scheduler",
};
