/** Troubles that others have reported, and which of docs/troubleshooting.md answers each. */

/** A trouble that was reported elsewhere, and what answers it here. */
interface Report {
    /** Its place: an issue, or a guide to Cilium with SPIRE. */
    from: string;
    what: string;
    /** IDs of troubles. */
    answers: string[];
}

/** Of users upstream. */
export const REPORTS: readonly Report[] = [
    {
        from: "cilium#45045, cilium#28694",
        what: "`no identity issued`, no entries at all",
        answers: ["entry-missing", "delegate-unreached", "log-no-identity"],
    },
    {
        from: "cilium#41250",
        what: "entries by hand per node die of autoscaling",
        answers: ["node-excluded", "delegate-unreached"],
    },
    { from: "cilium#28694", what: "the operator needed a restart", answers: ["identity-missing"] },
    {
        from: "cilium#27228, cilium#28947",
        what: "no agent on a tainted node",
        answers: ["node-without-agent", "log-no-svid"],
    },
    {
        from: "cilium#36434, cilium#45142",
        what: "the admin socket does not exist",
        answers: ["agents-absent", "socket-admin", "log-no-admin-socket"],
    },
    {
        from: "cilium#37437, spire#4004",
        what: "no selectors for Cilium's agent under cgroup v2",
        answers: ["log-no-identity"],
    },
    { from: "cilium#27583", what: "the kubelet is not on 127.0.0.1", answers: ["kubelet-address"] },
    {
        from: "cilium#46310, cilium#46769",
        what: "`Failed to update entry`",
        answers: ["update-entry-noise"],
    },
    {
        from: "cilium#46720, cilium#46767",
        what: "handshakes dial an external address",
        answers: ["handshake-port", "log-handshake-unreachable"],
    },
    { from: "cilium#37354", what: "one node works, two do not", answers: ["handshake-port"] },
    {
        from: "cilium#40533",
        what: "the server's image is not root's any more",
        answers: ["server-not-root"],
    },
    {
        from: "cilium#27508",
        what: "the server is Pending without a volume",
        answers: ["server-down"],
    },
    {
        from: "cilium#28476",
        what: "it does not take effect, and nothing is logged",
        answers: ["no-log-lines", "not-enforced"],
    },
    {
        from: "cilium#33468, cilium#31430",
        what: "agents crash; all keys are on all nodes",
        answers: ["version-advice", "keys-on-all-nodes"],
    },
    {
        from: "cilium#30106, cilium#43719",
        what: "a SPIRE of one's own",
        answers: ["own-server", "server-address"],
    },
    {
        from: "Kubernetes' Pod Security",
        what: "the agents' pods are refused",
        answers: ["pod-security"],
    },
    {
        from: "spire#5938",
        what: "a cluster was made anew, its database was not",
        answers: ["agent-stale", "entry-left-over"],
    },
    {
        from: "cilium#46392",
        what: "a policy locks out SPIRE's storage or DNS",
        answers: ["policy-locks-storage", "policy-locks-dns", "policy-locks-spire"],
    },
    { from: "cilium#29357", what: "entries of identities stay", answers: ["identity-stale"] },
];

/** Of guides to Cilium with SPIRE, to mTLS with SPIRE on Minikube, and to SPIRE by GitOps. */
export const GUIDES: readonly Report[] = [
    {
        from: "integration",
        what: "admin socket does not exist",
        answers: ["agents-absent", "log-no-admin-socket"],
    },
    {
        from: "integration",
        what: "`no identity issued`",
        answers: ["delegate-unreached", "log-no-identity"],
    },
    {
        from: "integration",
        what: "Cilium fails on the control plane",
        answers: ["node-without-agent"],
    },
    { from: "integration", what: "entries are lost with the cluster", answers: ["entry-missing"] },
    {
        from: "reference",
        what: "the admin socket is not created",
        answers: ["sockets-share-directory", "agents-absent"],
    },
    {
        from: "reference",
        what: "Cilium is no authorized delegate",
        answers: ["log-delegate-refused"],
    },
    { from: "reference", what: "Cilium does not find the socket", answers: ["socket-admin"] },
    { from: "reference", what: "no logs of authentication", answers: ["no-log-lines"] },
    {
        from: "reference",
        what: "the operator creates no entries",
        answers: ["operator-unregistered", "log-operator-refused", "identity-missing"],
    },
    {
        from: "reference",
        what: "the parent of an entry is not found",
        answers: ["delegate-unreached", "agent-stale"],
    },
    {
        from: "reference",
        what: "Cilium and SPIRE have two trust domains",
        answers: ["cilium-config-changed", "trust-domain"],
    },
    { from: "reference", what: "high latency", answers: ["first-packet"] },
    { from: "GitOps", what: "the server is not Ready", answers: ["server-down", "server-mute"] },
    {
        from: "GitOps",
        what: "an agent is not Ready",
        answers: ["agents-absent", "log-attestation-refused"],
    },
    {
        from: "GitOps",
        what: "authentication fails",
        answers: ["log-bad-certificate", "log-no-svid"],
    },
    { from: "GitOps", what: "a policy does not enforce", answers: ["not-enforced"] },
    { from: "GitOps", what: "SVIDs do not rotate", answers: ["svid-not-rotated"] },
    { from: "Minikube", what: "nodes are NotReady", answers: ["nodes-not-ready"] },
    { from: "Minikube", what: "a CNI plugin cannot be downloaded", answers: ["downloads"] },
    { from: "Minikube", what: "a pod does not reach the socket", answers: ["workload-socket"] },
    { from: "Minikube", what: "a pod is Pending", answers: ["pods-pending"] },
    { from: "Minikube", what: "a pod gets no SVID", answers: ["workload-svid"] },
    { from: "Minikube", what: "Minikube does not start", answers: ["local-cluster"] },
    { from: "Minikube", what: "kubectl is denied", answers: ["kubeconfig"] },
    { from: "Minikube", what: "kubectl does not know the authority", answers: ["kubeconfig"] },
];
