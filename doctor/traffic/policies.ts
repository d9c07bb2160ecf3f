/** Policies that let in who was seen to connect, and require authentication of those who can have an identity, as plain data. */
import { isIP, isIPv6 } from "node:net";
import { NAMESPACE_LABEL } from "../../components/cilium/authPolicySpec";
import type { Direction, Rule } from "../checks/selector";
import { isOfPods } from "../identities";
import { type Knowledge, NAME_LABELS } from "./endpoints";
import type { Forecast } from "./forecast";

/** A CiliumNetworkPolicy as `kubectl apply` takes it. */
export interface ProposedPolicy {
    apiVersion: "cilium.io/v2";
    kind: "CiliumNetworkPolicy";
    metadata: { name: string; namespace: string };
    spec: Required<Pick<Rule, "endpointSelector" | "ingress">>;
}

type Labels = Record<string, string>;
type LabelsOf = Knowledge["labelsOf"];

/** Not an entity that a rule can name. */
const UNKNOWN = "unknown";
/** Of the pod's own node, which Cilium lets in by itself. */
const HOST = "host";

/**
 * One for each workload of the namespace that somebody connected to. Pods are named by the label by which people know them, or by
 * their service account.
 */
export function policiesFor(
    namespace: string,
    forecasts: readonly Forecast[],
    labelsOf: LabelsOf,
): ProposedPolicy[] {
    const policies = new Map<string, ProposedPolicy>();
    for (const { from, to, port, protocol } of forecasts) {
        const server = identifying(labelsOf(to.identity));
        const peer = peerOf(from, namespace, labelsOf);
        if (!server || !peer) continue;
        const key = JSON.stringify(server);
        const policy = policies.get(key) ?? policyFor(namespace, server);
        policies.set(key, policy);
        addPort(policy.spec.ingress, peer, { port: String(port), protocol });
    }
    return [...policies.values()];
}

function policyFor(namespace: string, matchLabels: Labels): ProposedPolicy {
    const [value = ""] = Object.values(matchLabels);
    const name = `authenticated-${value.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
    return {
        ...{ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
        metadata: { name, namespace },
        spec: { endpointSelector: { matchLabels }, ingress: [] },
    };
}

/** One rule for each peer, with all its ports. */
function addPort(rules: Direction[], peer: Direction, port: { port: string; protocol: string }) {
    const key = JSON.stringify(peer);
    let rule = rules.find((each) => JSON.stringify({ ...each, toPorts: undefined }) === key);
    if (!rule) rules.push((rule = { ...peer, toPorts: [{ ports: [] }] }));
    const ports = rule.toPorts![0]!.ports!;
    if (!ports.some((known) => JSON.stringify(known) === JSON.stringify(port))) ports.push(port);
}

/** @returns undefined for who needs no rule, and for who is gone. */
function peerOf(
    { identity, name }: Forecast["from"],
    namespace: string,
    labelsOf: LabelsOf,
): Direction | undefined {
    if (isOfPods(identity)) {
        const labels = labelsOf(identity);
        const own = identifying(labels);
        if (!own) return undefined;
        const { [NAMESPACE_LABEL]: theirs = namespace } = labels;
        const there = theirs !== namespace && { [NAMESPACE_LABEL]: theirs };
        const matchLabels = { ...own, ...there };
        return { fromEndpoints: [{ matchLabels }], authentication: { mode: "required" } };
    }
    if (isIP(name)) return { fromCIDR: [`${name}/${isIPv6(name) ? 128 : 32}`] };
    return name === HOST || name === UNKNOWN ? undefined : { fromEntities: [name] };
}

function identifying(labels: Labels): Labels | undefined {
    const key = NAME_LABELS.find((label) => labels[label] !== undefined);
    return key === undefined ? undefined : { [key]: labels[key]! };
}
