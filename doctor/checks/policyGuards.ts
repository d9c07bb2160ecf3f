/** Policies that require authentication of what can never authenticate, or of what authentication itself needs. */
import { ACCOUNT_LABEL, NAMESPACE_LABEL } from "../../components/cilium/authPolicySpec";
import type { Identity } from "../identities";
import type { Patient } from "../patient";
import { type Finding, found, type Trouble } from "./check";
import type { PolicyObject } from "./policyObjects";
import { requires, type Rule, selects } from "./selector";

const UNLOCK =
    "leave these pods out of the policy: give its `endpointSelector` a `matchExpressions` that excludes them, or delete it: `kubectl NAMESPACED delete KIND NAME`";

const DNS: Trouble = {
    id: "policy-locks-dns",
    symptom:
        "Names do not resolve any more; first some pods fail, then all (cilium#46392 and its like).",
    why: "SPIRE's agents and the nodes ask DNS before anything has an identity; a node has none at all, and is blocked.",
    cure: UNLOCK,
};
const SPIRE: Trouble = {
    id: "policy-locks-spire",
    symptom: "SPIRE's agents cannot reach the server after a restart; nothing gets an identity.",
    why: "SPIRE would have to be authenticated by what only SPIRE gives out: after an outage nothing comes back.",
    cure: UNLOCK,
};
const STORAGE: Trouble = {
    id: "policy-locks-storage",
    symptom:
        "The volume of the SPIRE server is not provisioned or mounted after an outage (cilium#46392).",
    why: "The SPIRE server waits for its volume, and the storage for identities from the server.",
    cure: UNLOCK,
};
const RESERVED: Trouble = {
    id: "policy-requires-reserved",
    symptom:
        "Pods cannot reach the API server, or the kubelet's probes fail, since a policy with `mode: required`.",
    why: "Reserved identities (nodes, the API server, the world) have no SVID: Cilium skips them, and their packets stay blocked.",
    cure: "allow these entities by a rule of its own without `authentication`: `kubectl NAMESPACED edit KIND NAME`, or delete it: `kubectl NAMESPACED delete KIND NAME`",
};
const BROAD: Trouble = {
    id: "policy-requires-all",
    symptom:
        "Nodes, and with them probes and pods on the host's network, are blocked since a policy with `mode: required`.",
    why: "The peers of this rule include reserved identities, which cannot authenticate.",
    cure: "where nodes or the API server are among the peers that are meant, allow them by a rule of its own without `authentication`: `kubectl NAMESPACED edit KIND NAME`, or delete it: `kubectl NAMESPACED delete KIND NAME`",
    note: true,
};

/** Entities that are, or have among them, what never has an SVID (cilium pkg/identity/numericidentity.go). */
const UNABLE = [
    "host",
    "remote-node",
    "kube-apiserver",
    "world",
    "world-ipv4",
    "world-ipv6",
    "ingress",
    "health",
    "init",
    "unmanaged",
];
const MIXED = ["all", "cluster"];

/** All that {@link guard} can find. */
export const GUARDS: readonly Trouble[] = [DNS, SPIRE, STORAGE, RESERVED, BROAD];

export interface Policy {
    kind: Lowercase<PolicyObject["kind"]>;
    name: string;
    namespace?: string | undefined;
    rules: Rule[];
}

/** What is wrong with a policy that requires authentication, whether it is on the cluster yet or not. */
export function guard(patient: Patient, policy: Policy, identities: Identity[]): Finding[] {
    return [...locked(patient, policy, identities), ...unable(policy)];
}

/** What stands for the policy in findings and cures. */
export function wordsOf({ kind, name, namespace }: Policy) {
    const where = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
    const NAMESPACED = namespace === undefined ? "" : `-n ${namespace}`;
    return { where, words: { NAMESPACED, KIND: kind, NAME: name } };
}

/** What must never wait for an identity and is selected by a rule that makes it wait. */
function locked(patient: Patient, policy: Policy, identities: Identity[]) {
    const { where, words } = wordsOf(policy);
    return [DNS, SPIRE, STORAGE].flatMap((trouble) => {
        const victims = identities.filter(
            ({ labels }) =>
                isNeeded(patient, trouble, labels) &&
                policy.rules.some((rule) => requires(rule) && selectsPods(policy, rule, labels)),
        );
        if (victims.length === 0) return [];
        const names = victims.map(({ labels }) => nameOf(labels));
        const what = `requires authentication of ${[...new Set(names)].join(", ")}`;
        return [found(trouble, where, what, words)];
    });
}

function isNeeded({ site }: Patient, trouble: Trouble, labels: Record<string, string>): boolean {
    const { [NAMESPACE_LABEL]: namespace, [ACCOUNT_LABEL]: account = "" } = labels;
    switch (trouble) {
        case DNS:
            return labels["k8s:k8s-app"] === "kube-dns" || account === "coredns";
        case SPIRE: {
            const { server, agents } = site;
            // Both have service accounts of their own names, here and in SPIRE's chart.
            return (
                (namespace === server?.namespace && account === server?.statefulSet) ||
                (namespace === agents?.namespace && account === agents?.daemonSet)
            );
        }
        default:
            return /provisioner|\bcsi\b/.test(account);
    }
}

/** What these pods are of that which identities themselves need; undefined for most pods. */
export function neededFor(patient: Patient, labels: Record<string, string>): string | undefined {
    const parts = { DNS, SPIRE, storage: STORAGE };
    const found = Object.entries(parts).find(([, trouble]) => isNeeded(patient, trouble, labels));
    return found?.[0];
}

function nameOf(labels: Record<string, string>): string {
    return `${labels[NAMESPACE_LABEL] ?? "?"}/${labels[ACCOUNT_LABEL] ?? "?"}`;
}

/** Peers that can never authenticate, or some of whom cannot. */
function unable(policy: Policy) {
    const { where, words } = wordsOf(policy);
    const entities = policy.rules
        .flatMap(({ ingress = [], egress = [] }) => [...ingress, ...egress])
        .filter(({ authentication }) => authentication?.mode === "required")
        .flatMap(({ fromEntities = [], toEntities = [] }) => [...fromEntities, ...toEntities]);
    const of = (list: string[]) => [...new Set(entities.filter((e) => list.includes(e)))];
    return (
        [
            [RESERVED, of(UNABLE)],
            [BROAD, of(MIXED)],
        ] as const
    ).flatMap(([trouble, names]) =>
        names.length === 0
            ? []
            : [found(trouble, where, `requires authentication of ${names.join(", ")}`, words)],
    );
}

/** Without a selector of pods it is for nodes. */
export function selectsPods(
    { namespace }: Pick<Policy, "namespace">,
    { endpointSelector }: Rule,
    labels: Record<string, string>,
): boolean {
    if (!endpointSelector) return false;
    if (namespace !== undefined && labels[NAMESPACE_LABEL] !== namespace) return false;
    return selects(endpointSelector, labels);
}
