/** The dynamic resource `WorkloadEntries`: registration entries for workloads, under the agents of chosen nodes. */
import type { AgentNode } from "../spire/agentNodes";
import { agentSpiffeId } from "../spire/agents";
import { type Entries, type Entry, normalize } from "../spire/entry";
import { entrySetResource } from "./resource";
import type { EntrySetArgs } from "./inputs";

/** Under which parents an entry is written. */
export type WorkloadParent =
    /** The agent of every node that carries all these labels; all nodes when empty. */
    | { nodeLabels: Record<string, string> }
    /** An alias: the SPIFFE ID of an entry that stands for many agents. */
    | { alias: string };

/** What a workload is to be known by. */
export interface Workload extends Omit<Entry, "id" | "parentId"> {
    parent: WorkloadParent;
}

/** What the program asks for. */
export interface WorkloadEntriesArgs extends EntrySetArgs {
    /** Workloads by a key of letters, digits, `-` and `_`, which becomes part of the entries' IDs. */
    workloads: Record<string, Workload>;
}

/** The entries of all workloads, by `<node or "cluster">/<key>`. Pure. */
export function planWorkloadEntries(args: WorkloadEntriesArgs, nodes: AgentNode[]): Entries {
    const { trustDomain, clusterName, idPrefix } = args;
    const plan = Object.entries(args.workloads).flatMap(([key, { parent, ...fields }]) => {
        const entry = (place: string, parentId: string): Entry =>
            normalize({ ...fields, id: `${idPrefix}.${place}.${key}`, parentId });
        if ("alias" in parent) {
            return [[`cluster/${key}`, entry("cluster", parent.alias)] as const];
        }
        return nodes
            .filter((node) => carries(node, parent.nodeLabels))
            .map(({ name, uid }) => {
                const parentId = agentSpiffeId(trustDomain, clusterName, uid);
                return [`${name}/${key}`, entry(uid, parentId)] as const;
            });
    });
    return Object.fromEntries(plan.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The resource's methods. */
export const workloadEntries = entrySetResource<WorkloadEntriesArgs>({
    plan: (args, nodes) => ({ entries: planWorkloadEntries(args, nodes) }),
});

function carries(node: AgentNode, labels: Record<string, string>): boolean {
    return Object.entries(labels).every(([label, value]) => node.labels[label] === value);
}
