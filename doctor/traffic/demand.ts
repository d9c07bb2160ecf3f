/** What Cilium's policies ask of who connects to a pod, as plain data. */
import { BlockList, isIP, isIPv6 } from "node:net";
import { NAMESPACE_LABEL } from "../../components/cilium/authPolicySpec";
import { selectsPods } from "../checks/policyGuards";
import { type Direction, type Port, type Rule, type Selector, selects } from "../checks/selector";
import { isOfAddresses, isOfPods, RESERVED } from "../identities";
import type { Connection } from "./connections";
import type { Demand } from "./forecast";

/** A policy; one without a namespace is for the whole cluster. */
export interface Asker {
    namespace?: string | undefined;
    rules: Rule[];
}

/** A client and a server, with their labels; those of no pod have none. */
export interface Parties {
    connection: Connection;
    clientLabels: Record<string, string>;
    serverLabels: Record<string, string>;
    /** Of the server's ports. */
    namedPorts: Record<string, number>;
}

/** A part of a rule, with the namespace in which its selectors look for pods. */
type Placed = Direction & { namespace: string | undefined };

/** @returns undefined when none of the policies says who may connect to the server. */
export function demandOf(policies: readonly Asker[], parties: Parties): Demand | undefined {
    const selecting = policies.flatMap(({ namespace, rules }) =>
        rules
            .filter(({ ingress, ingressDeny }) => [...(ingress ?? []), ...(ingressDeny ?? [])][0])
            .filter((rule) => selectsPods({ namespace }, rule, parties.serverLabels))
            .map((rule) => ({ namespace, rule })),
    );
    if (selecting.length === 0) return undefined;
    const placed = (side: "ingress" | "ingressDeny") =>
        selecting.flatMap(({ namespace, rule }) =>
            (rule[side] ?? []).map((direction): Placed => ({ ...direction, namespace })),
        );
    if (placed("ingressDeny").some((direction) => names(direction, parties))) return "unnamed";
    const naming = placed("ingress").filter((direction) => names(direction, parties));
    if (naming.length === 0) {
        return selecting.some(({ rule }) => closes(rule)) ? "unnamed" : "nothing";
    }
    // The most precise rule that says anything of it decides: one with ports, if there is one (Cilium's AuthType of map entries).
    const explicit = naming.filter(({ authentication }) => authentication?.mode !== undefined);
    const precise = explicit.filter(({ toPorts }) => toPorts !== undefined);
    const decisive = precise.length > 0 ? precise : explicit;
    const asks = decisive.some(({ authentication }) => authentication!.mode !== "disabled");
    return asks ? "authenticate" : "nothing";
}

/** Whether a rule refuses what comes in and is not named. */
function closes({ ingress, enableDefaultDeny }: Rule): boolean {
    return ingress?.[0] !== undefined && enableDefaultDeny?.ingress !== false;
}

function names(direction: Placed, parties: Parties): boolean {
    const { icmps, toPorts } = direction;
    // A rule for ICMP alone: no connection.
    if (icmps && !toPorts) return false;
    return isPeer(direction, parties) && isAtPort(direction, parties);
}

/** A rule without any peers is for all. */
function isPeer(direction: Placed, { connection, clientLabels }: Parties): boolean {
    const { namespace, fromEndpoints, fromEntities, fromCIDR, fromCIDRSet } = direction;
    if (!fromEndpoints && !fromEntities && !fromCIDR && !fromCIDRSet) return true;
    const { identity, from } = connection;
    const ranges = [...(fromCIDR ?? []).map((cidr) => ({ cidr })), ...(fromCIDRSet ?? [])];
    return (
        (fromEndpoints ?? []).some((s) => fits(s, namespace, identity, clientLabels)) ||
        (fromEntities ?? []).some((entity) => isEntity(entity, identity, from)) ||
        (isOutside(identity) && ranges.some((range) => isWithin(from, range)))
    );
}

/** Selectors of a namespace's policy look in it unless they say where (cilium pkg/k8s/apis/cilium.io/utils). */
function fits(
    selector: Selector,
    namespace: string | undefined,
    identity: number,
    labels: Record<string, string>,
): boolean {
    const keys = [
        ...Object.keys(selector.matchLabels ?? {}),
        ...(selector.matchExpressions ?? []).map(({ key }) => key),
    ];
    if (!isOfPods(identity)) {
        const reserved = keys.some((key) => key.startsWith("reserved:"));
        return reserved && selects(selector, { [`reserved:${RESERVED[identity] ?? "world"}`]: "" });
    }
    const placed = keys.some((key) => /io\.(kubernetes\.pod|cilium\.k8s)\.namespace/.test(key));
    const here = placed || namespace === undefined || labels[NAMESPACE_LABEL] === namespace;
    return here && selects(selector, labels);
}

function isOutside(identity: number): boolean {
    return isOfAddresses(identity) || (RESERVED[identity] ?? "").startsWith("world");
}

/** Cilium's names of peers (pkg/policy/api/entity.go). */
function isEntity(entity: string, identity: number, address: string): boolean {
    const name = RESERVED[identity];
    switch (entity) {
        case "all":
            return true;
        case "cluster":
            return !isOutside(identity);
        case "world":
            return isOutside(identity);
        case "world-ipv4":
            return isOutside(identity) && !isIPv6(address);
        case "world-ipv6":
            return isOutside(identity) && isIPv6(address);
        case "remote-node":
            // The API server's nodes are nodes, too.
            return name === "remote-node" || name === "kube-apiserver";
        default:
            return name === entity;
    }
}

function isWithin(address: string, { cidr, except = [] }: { cidr?: string; except?: string[] }) {
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    const has = (range: string) => {
        const [network = "", bits] = range.split("/");
        if (!isIP(network) || isIPv6(network) !== isIPv6(address)) return false;
        const list = new BlockList();
        list.addSubnet(network, Number(bits ?? (family === "ipv6" ? 128 : 32)), family);
        return list.check(address, family);
    };
    return cidr !== undefined && has(cidr) && !except.some(has);
}

function isAtPort({ toPorts }: Direction, { connection, namedPorts }: Parties): boolean {
    if (!toPorts) return true;
    const isAt = ({ port = "0", endPort, protocol = "ANY" }: Port) => {
        const first = namedPorts[port] ?? Number(port);
        const last = endPort ?? first;
        const within = first === 0 || (connection.port >= first && connection.port <= last);
        return within && (protocol === "ANY" || protocol === connection.protocol);
    };
    return toPorts.some(({ ports }) => !ports || ports.some(isAt));
}
