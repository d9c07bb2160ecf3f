/** The package's public face: what the dynamic resources run, and the parts that doctor and tests look with. */
export { agentEntries, type AgentEntriesArgs } from "./entries/agentEntries";
export { hasEntriesIn } from "./entries/entrySet";
export { type AgentNode, agentNodes } from "./spire/agentNodes";
export {
    agentSpiffeId,
    type Awaited,
    isBanned,
    type RollCall,
    rollCall,
    staleAgents,
    waitForAgents,
} from "./spire/agents";
export { restartOperator } from "./entries/operator";
export type { EntrySetArgs } from "./entries/inputs";
export {
    differingFields,
    type Entries,
    type Entry,
    fromShown,
    normalize,
    similarityKey,
    toData,
} from "./spire/entry";
export { Cluster } from "./kube/cluster";
export { ClusterUnreachable } from "./kube/clusterUnreachable";
export {
    delegateSpiffeId,
    planAgentEntries,
    type PlanSettings,
    type Registration,
} from "./entries/plan";
export type { DaemonSetRef } from "./kube/daemonSets";
export type { ClusterChoice } from "./kube/kubeConfig";
export { type List, METADATA_ONLY } from "./kube/list";
export { messageOf } from "./kube/messageOf";
export { isReady, podState, selectorText } from "./kube/pods";
export { type Attempt, poll } from "./kube/poll";
export { carryOut, drift, foreignEntriesProblem, owns, stepsTo } from "./entries/reconcile";
export {
    planWorkloadEntries,
    type Workload,
    workloadEntries,
    type WorkloadEntriesArgs,
} from "./entries/workloadEntries";
export { rollout, type RolloutArgs } from "./rollout/resource";
export {
    type AttestedAgent,
    type BatchResult,
    GRPC,
    SERVER_PROGRAM,
    type ServerRef as SpireServerRef,
    SpireServer,
} from "./spire/spireServer";
export type {
    V1DaemonSet,
    V1Deployment,
    V1Pod,
    V1Service,
    V1StatefulSet,
} from "@kubernetes/client-node";
