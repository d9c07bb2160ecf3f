export * as agentEntries from "./agentEntries";
export type { AgentEntriesArgs, AgentEntriesInputs } from "./agentEntries";
export { poll } from "./poll";
export { type ServerRef as SpireServerRef, SpireServer } from "./spireServer";
export { Cluster, ClusterUnreachable, messageOf } from "./kube";
export { agentSpiffeId, delegateSpiffeId, type Registration } from "./plan";
