/** Cilium's policies as the API server has them. */
import type { Cluster, List } from "@cilium-spire/entries-provider";
import type { Rule } from "./selector";

/** A policy as the API server takes it. */
export interface PolicyObject {
    apiVersion: string;
    kind: "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy";
    metadata: {
        name: string;
        namespace?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
    spec?: Rule | undefined;
    specs?: Rule[] | undefined;
}

/** Who wrote which fields; the rest of it is the API server's affair. */
export interface ManagedFields {
    manager?: string;
    subresource?: string;
}

/** A policy of the cluster. */
export type LivePolicy = PolicyObject & {
    metadata: {
        uid: string;
        resourceVersion: string;
        /** Counts changes of the specification. */
        generation: number;
        managedFields?: ManagedFields[] | undefined;
    };
    status?: { conditions?: { type: string; status: string; message?: string }[] };
};

export const POLICY_API = { group: "cilium.io", version: "v2" };
export const PLURALS = {
    CiliumNetworkPolicy: "ciliumnetworkpolicies",
    CiliumClusterwideNetworkPolicy: "ciliumclusterwidenetworkpolicies",
} as const;

/** A kind as `kubectl` takes it, and as messages have it. */
export function shortKind(kind: PolicyObject["kind"]): Lowercase<PolicyObject["kind"]> {
    return kind.toLowerCase() as Lowercase<typeof kind>;
}

/** All policies of both kinds. */
export async function allPolicies(cluster: Cluster): Promise<LivePolicy[]> {
    const kinds = Object.entries(PLURALS) as [LivePolicy["kind"], string][];
    const lists = kinds.map(([kind, plural]) =>
        cluster.list(
            (page): Promise<List<LivePolicy>> =>
                cluster.custom.listClusterCustomObject({ ...POLICY_API, plural, ...page }),
            // The list says the kind; its items need not.
            (item) => ({ ...item, apiVersion: "cilium.io/v2", kind }),
        ),
    );
    return (await Promise.all(lists)).flat();
}

/** A policy has one rule, or a list of them. */
export function rulesOf({ spec, specs = [] }: Pick<PolicyObject, "spec" | "specs">): Rule[] {
    return [...(spec ? [spec] : []), ...specs];
}

/** Why Cilium's operator, which looks at each policy since 1.16, takes one for invalid; undefined when it does not. */
export function complaintAbout({ status }: LivePolicy): string | undefined {
    const valid = status?.conditions?.find(({ type }) => type === "Valid");
    return valid?.status === "False" ? (valid.message ?? "invalid") : undefined;
}
