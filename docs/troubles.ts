/** Troubles that no check of the doctor can see. */
import type { Trouble } from "../doctor/checks/check";

/** In the shape of the checks' own. */
export const UNSEEN: readonly Trouble[] = [
    {
        id: "first-packet",
        symptom:
            "The first connection of a pair of pods is slow, or times out once; later ones are as fast as ever.",
        why: "Cilium drops the packet that finds no authenticated pair, and shakes hands meanwhile (bpf/lib/auth.h). The pair is remembered until an SVID expires.",
        cure: "let clients retry; longer lifetimes of SVIDs make it rarer. Encryption is another matter: it costs on every packet",
    },
    {
        id: "no-log-lines",
        symptom: "Traffic flows under `mode: required`, and no log tells of an authentication.",
        why: "`Successfully authenticated` is logged at debug level alone; and pairs that are known do not authenticate again.",
        cure: "see the pairs: `kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg bpf auth list`; or let pods show it: `npx cilium-spire prove`",
    },
    {
        id: "not-enforced",
        symptom: "A policy with `mode: required` lets pods through that never authenticated.",
        why: "The policy selects other pods, is not accepted (a kind such as CiliumAuthPolicy does not exist), or authentication is off: since Cilium 1.19 `required` then forwards.",
        cure: "`kubectl get ciliumnetworkpolicies -A` must list it as valid; the doctor's check `cilium` says whether authentication is on; see what is dropped with `hubble observe --verdict DROPPED`",
    },
    {
        id: "deleted-yet-allowed",
        symptom: "An entry was deleted, and its pods go on talking.",
        why: "SVIDs that were given out are good until they expire, and pairs that are known as long: deleting is no revocation.",
        cure: "ban the node's agent, or deny by policy; docs/registration.md",
    },
    {
        id: "update-entry-noise",
        symptom:
            "The SPIRE server logs `Failed to update entry` with an empty `entry_id`, once for each identity, when cilium-operator starts.",
        why: "Cilium up to 2026-06 updates entries without their ID (cilium#46310); nothing is lost, the entries are as they should be.",
        cure: "nothing; newer patch releases of Cilium do not",
    },
    {
        id: "keys-on-all-nodes",
        symptom:
            "Agents use much memory, or log that a message is larger than 20 MiB, with thousands of identities.",
        why: "Every node's agent holds the SVIDs of all identities (cilium#31430); Cilium takes messages up to 20 MiB.",
        cure: "fewer identities: leave labels that differ from pod to pod out of them (Cilium's `labels`); docs/security.md",
    },
    {
        id: "kubelet-address",
        symptom:
            "SPIRE's agents log that they cannot reach the kubelet at `127.0.0.1:10250`; Cilium is told `no identity issued`.",
        why: "The kubelet listens on the node's own address only (cilium#27583).",
        cure: '`spire.agent.kubelet.address`: "hostIP" or "nodeName", whichever the kubelet\'s certificate and address fit; then run `pulumi up`',
    },
    {
        id: "server-not-root",
        symptom:
            "After an upgrade to SPIRE 1.10 or newer, the server logs `permission denied` for its data directory.",
        why: "Its image runs as user 1000 since then; a volume written before belongs to root (cilium#40533).",
        cure: "run `pulumi up`, which sets fsGroup; where the volume's driver ignores it, change the owner of its files to 1000 once",
    },
    {
        id: "pod-security",
        symptom: "The agents' DaemonSet has no pods; its events say `violates PodSecurity`.",
        why: "SPIRE's agents need hostPID and hostPath, which the levels `baseline` and `restricted` refuse.",
        cure: "`kubectl label --overwrite namespace NAMESPACE pod-security.kubernetes.io/enforce=privileged`",
    },
    {
        id: "sockets-share-directory",
        symptom:
            "SPIRE's agent ends with `admin socket cannot be in the same directory or a subdirectory as that containing the Workload API socket`.",
        why: "Every pod that mounts the workload socket's directory would reach the admin socket.",
        cure: "sibling directories, as `spire.sockets` has them by default",
    },
    {
        id: "clock-skew",
        symptom: "One node alone is refused, with `certificate has expired or is not yet valid`.",
        why: "SVIDs live for an hour and less; a clock that is wrong by minutes makes them invalid.",
        cure: "synchronise the nodes' clocks",
    },
    {
        id: "svid-not-rotated",
        symptom: "The SVID of a workload is not renewed.",
        why: "Its agent does not reach the server, or its entry is gone; SVIDs are renewed at half their life.",
        cure: "see the checks `spire-server`, `spire-agents` and `entries`; then the log of the node's agent",
    },
    {
        id: "workload-svid",
        symptom: "A workload that asks the Workload API gets no SVID, or `no identity issued`.",
        why: "No entry of `workloads` matches what the attestor sees of the pod, or not on this node's agent. Cilium's own entries are not for workloads.",
        cure: "compare the selectors of `spire-server entry show` with the pod's namespace, service account and labels; docs/registration.md",
    },
    {
        id: "workload-socket",
        symptom: "A workload says that the socket is not found, or that it may not open it.",
        why: "The directory is not mounted into the pod, it was mounted before the agent had made it, or Pod Security refuses hostPath.",
        cure: "mount the directory of `spire.sockets.workload`, read-only and not the socket itself; delete the pod once",
    },
    {
        id: "pods-pending",
        symptom: "Pods stay Pending or ContainerCreating.",
        why: "No node has room or tolerates them, the image cannot be pulled, a volume is not there, or the network plugin does not run yet.",
        cure: "`kubectl describe pod`, whose events say which",
    },
    {
        id: "nodes-not-ready",
        symptom: "Nodes are NotReady with `NetworkPluginNotReady`.",
        why: "No network plugin runs: Cilium is one, and the program installs it, unless `cilium.mode` is `adopt`. A second one (Flannel) is in its way.",
        cure: "`kubectl -n kube-system get pods -l k8s-app=cilium`; remove other plugins' files from `/etc/cni/net.d`",
    },
    {
        id: "downloads",
        symptom: "A chart, an image or a plugin cannot be downloaded, or a file is far too small.",
        why: "A proxy or an air gap answers with a page of its own.",
        cure: "a mirror: docs/mirrors.md",
    },
    {
        id: "local-cluster",
        symptom: "A local cluster (kind, Minikube) does not start.",
        why: "Docker, disk space, kernel parameters, or a kubelet that already runs; nothing of this program is there yet.",
        cure: "`kind create cluster` or `minikube delete --all --purge` first; what it needs: docs/own-cluster.md",
    },
    {
        id: "kubeconfig",
        symptom:
            "kubectl or the program says `certificate signed by unknown authority`, or may not read the kubeconfig.",
        why: "The kubeconfig is another user's or of a former cluster.",
        cure: "take it anew from the cluster, owned by you; name it with `KUBECONFIG` or the setting `kubeconfig`",
    },
    {
        id: "own-server",
        symptom: "Cilium's chart brings a SPIRE of its own, beside the one that is there.",
        why: "`authentication.mutual.spire.install.enabled` is true by default, and Cilium does not say how to use another (cilium#30106).",
        cure: "this program sets it to false and the server's address; docs/cilium.md",
    },
];
