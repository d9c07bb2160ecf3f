/** The package's public face: what the dynamic resources run, and the parts that doctor and tests look with. */
export { agentEntries, type AgentEntriesArgs } from "./agentEntries";
export { agentNodes, staleAgents, waitForAgents, withoutBanned } from "./agents";
export type { EntrySetArgs } from "./entrySet";
export { type Entries, type Entry, fromShown, normalize, toData } from "./entry";
export { Cluster, ClusterUnreachable, messageOf } from "./kube";
export {
    agentSpiffeId,
    delegateSpiffeId,
    type AgentNode,
    planAgentEntries,
    type PlanSettings,
    type Registration,
} from "./plan";
export { poll } from "./poll";
export { carryOut, drift, foreignEntries, owns, stepsTo } from "./reconcile";
export {
    planWorkloadEntries,
    type Workload,
    workloadEntries,
    type WorkloadEntriesArgs,
} from "./workloadEntries";
export { SERVER_PROGRAM, type ServerRef as SpireServerRef, SpireServer } from "./spireServer";
