/** The spec of a CiliumNetworkPolicy whose peers must authenticate, as plain data. */

type Labels = Record<string, string>;

/** Whom a policy protects, and who may talk to whom. */
export interface AuthPolicyRules {
    /** Labels of the protected pods. Empty: every pod of the namespace. */
    pods: Labels;
    /**
     * Who may connect to them. Everybody else may not, except the kubelet of their own node, whose probes Cilium lets in.
     * @default no rule for what comes in
     */
    ingress?: Peer[];
    /**
     * Whom they may connect to. Everybody else they may not, so remember DNS.
     * @default no rule for what goes out
     */
    egress?: Peer[];
}

/** One rule: peers, and the ports on which they are reached. */
export type Peer = PodPeer | EntityPeer;

/** Pods by label. */
export interface PodPeer {
    /** Labels of the peers. Empty: every pod of the namespace. */
    labels: Labels;
    /**
     * Their namespace, or `"*"` for all.
     * @default that of the policy
     */
    namespace?: string;
    /** The service account as which they run. @default any */
    serviceAccount?: string;
    /** @default every port */
    ports?: Port[];
    /**
     * `disabled` exempts from the requirement of a more general rule, such as one without ports. Cilium refuses both modes
     * for the very same labels and ports.
     * @default "required"
     */
    authentication?: "required" | "disabled";
}

/** What is not a pod. It has no identity of its own to prove, so it is let in unauthenticated or not at all. */
export interface EntityPeer {
    /** Cilium's names, such as `host`, `remote-node`, `kube-apiserver` or `world`. */
    entities: string[];
    /** @default every port */
    ports?: Port[];
}

/** A TCP port, or a port with its protocol. */
export type Port = number | { port: number; protocol: "TCP" | "UDP" | "SCTP" };

/** Cilium's names, as labels of every pod, of the pod's namespace and of its service account. */
export const NAMESPACE_LABEL = "k8s:io.kubernetes.pod.namespace";
export const ACCOUNT_LABEL = "k8s:io.cilium.k8s.policy.serviceaccount";

/**
 * @throws Error that names the key: for a direction with an empty list, which Cilium reads as "no rule" and a reader as
 * "nobody", for a policy without any rule, and for an empty list of ports or entities.
 */
export function authPolicySpec({ pods, ingress, egress }: AuthPolicyRules) {
    if (!ingress && !egress) {
        throw new Error("a policy without ingress and egress rules does nothing; give it a peer");
    }
    return {
        endpointSelector: { matchLabels: pods },
        ...(ingress && { ingress: rules("ingress", ingress) }),
        ...(egress && { egress: rules("egress", egress) }),
    };
}

function rules(direction: "ingress" | "egress", peers: Peer[]) {
    refuseEmpty(direction, peers);
    const side = direction === "ingress" ? "from" : "to";
    return peers.map((peer, i) => {
        const key = `${direction}[${i}]`;
        return { ...select(side, peer, key), ...toPorts(peer.ports, key) };
    });
}

function select(side: "from" | "to", peer: Peer, key: string) {
    if ("entities" in peer) {
        refuseEmpty(`${key}.entities`, peer.entities);
        return { [`${side}Entities`]: peer.entities };
    }
    return {
        [`${side}Endpoints`]: [podSelector(peer)],
        authentication: { mode: peer.authentication ?? "required" },
    };
}

/** In a policy with a namespace, a selector without one means pods of the same namespace. */
function podSelector({ labels, namespace, serviceAccount }: PodPeer) {
    const account = serviceAccount === undefined ? {} : { [ACCOUNT_LABEL]: serviceAccount };
    const matchLabels = { ...labels, ...account };
    if (namespace === undefined) return { matchLabels };
    if (namespace !== "*") return { matchLabels: { ...matchLabels, [NAMESPACE_LABEL]: namespace } };
    return {
        matchLabels,
        matchExpressions: [{ key: NAMESPACE_LABEL, operator: "Exists" }],
    };
}

function toPorts(ports: Port[] | undefined, key: string) {
    if (!ports) return {};
    refuseEmpty(`${key}.ports`, ports);
    const list = ports.map((port) =>
        typeof port === "number" ? { port, protocol: "TCP" } : { ...port },
    );
    return {
        toPorts: [{ ports: list.map(({ port, protocol }) => ({ port: String(port), protocol })) }],
    };
}

function refuseEmpty(key: string, list: unknown[]): void {
    if (list.length > 0) return;
    throw new Error(`${key}: an empty list is ambiguous; leave it out or fill it`);
}
