/** Registration entries that a team writes from a stack of its own, in the bounds that it is given. */
import type { WorkloadEntriesArgs } from "@cilium-spire/entries-provider";
import { decodeTeam, type TeamInput } from "../../settings/team";
import { ownerOf, type StackId } from "../owner";
import { workloadOf } from "./args";

/** What of the platform's outputs names its SPIRE. */
export interface PlatformSpire {
    trustDomain: string;
    clusterName: string;
    spireServer: { namespace: string; statefulSet: string; container: string };
    spireAgent: { namespace: string; daemonSet: string };
}

/**
 * What `WorkloadEntries` of a team's stack is given.
 *
 * It refuses what does not pin one of the team's namespaces, and SPIFFE IDs outside of its paths: a guard of this program. Whoever
 * runs it can execute commands in the server's pod, and so can do all that SPIRE's API can (docs/registration.md).
 *
 * @param platform the outputs of the platform's stack.
 * @param id of the team's stack, which its entries carry.
 * @param team namespaces, paths and workloads.
 * @param set distinguishes several sets of one stack in the IDs of their entries.
 * @throws ConfigError which lists all that is wrong.
 */
export function teamEntriesArgs(
    platform: PlatformSpire,
    id: StackId,
    team: TeamInput,
    set = "workloads",
): WorkloadEntriesArgs {
    const { trustDomain, clusterName, spireServer, spireAgent } = platform;
    const own = ["kube-system", spireServer.namespace, spireAgent.namespace];
    const workloads = Object.entries(decodeTeam(team, own)).map(
        ([key, workload]) => [key, workloadOf(workload, trustDomain)] as const,
    );
    const { namespace, statefulSet, container } = spireServer;
    return {
        trustDomain,
        clusterName,
        idPrefix: `${ownerOf(id)}.${set}`,
        server: { namespace, statefulSet, container },
        agentDaemonSet: { namespace: spireAgent.namespace, daemonSet: spireAgent.daemonSet },
        timeoutSeconds: 300,
        workloads: Object.fromEntries(workloads),
    };
}
