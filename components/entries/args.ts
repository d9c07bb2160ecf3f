/** What the entries' provider is asked for, from the settings alone: the program and the doctor must agree on it. */
import type {
    AgentEntriesArgs,
    EntrySetArgs,
    Workload,
    WorkloadEntriesArgs,
} from "@cilium-spire/entries-provider";
import { installsSpire, type Settings } from "../../settings/schema";
import { OIDC_PROVIDER_WORKLOAD, type WorkloadSettings } from "../../settings/workloads";
import { durationSeconds } from "../../settings/amounts";
import { clusterChoice } from "../clusterChoice";
import { ownerOf, type StackId } from "../owner";
import { CILIUM, OIDC_PROVIDER_NAME } from "../names";
import { spirePlace } from "../spire/place";

/** @param id of the stack, which its entries carry: stacks that share a server leave each other's alone. */
export function agentEntriesArgs(settings: Settings, id: StackId): AgentEntriesArgs {
    const { cilium, registration, trustDomain } = settings;
    const { agents, delegate } = spirePlace(settings.spire);
    return {
        ...entrySetArgs(settings, id, "cilium"),
        registration: registration.strategy,
        operatorNodeLabels: registration.operatorNodeLabels,
        agent: { namespace: agents.namespace, serviceAccount: agents.serviceAccount },
        ...(delegate !== undefined && { delegate: `spiffe://${trustDomain}${delegate}` }),
        cilium: {
            namespace: cilium.namespace,
            agentServiceAccount: CILIUM.agentServiceAccount,
            operatorServiceAccount: CILIUM.operatorServiceAccount,
        },
        operatorDeployment: { namespace: cilium.namespace, deployment: CILIUM.operatorDeployment },
    };
}

/** As {@link agentEntriesArgs}, for the workloads of the settings. */
export function workloadEntriesArgs(settings: Settings, id: StackId): WorkloadEntriesArgs {
    const workloads = Object.entries(settings.workloads).map(
        ([key, workload]) => [key, workloadOf(workload, settings.trustDomain)] as const,
    );
    return {
        ...entrySetArgs(settings, id, "workloads"),
        workloads: { ...Object.fromEntries(workloads), ...oidcProvider(settings) },
    };
}

/** The OIDC discovery provider is a workload, to which an agent without an identity for it tells nothing. */
function oidcProvider(settings: Settings): Record<string, Workload> {
    if (!installsSpire(settings) || !settings.spire.oidcDiscoveryProvider) return {};
    const { namespace } = settings.spire.agent;
    return {
        [OIDC_PROVIDER_WORKLOAD]: {
            spiffeId: `spiffe://${settings.trustDomain}/${OIDC_PROVIDER_NAME}`,
            parent: { nodeLabels: {} },
            selectors: [`k8s:ns:${namespace}`, `k8s:sa:${OIDC_PROVIDER_NAME}`],
        },
    };
}

/** A workload as the provider is told of it. */
export function workloadOf(settings: WorkloadSettings, trustDomain: string): Workload {
    const spiffeId = (path: string) => `spiffe://${trustDomain}${path}`;
    const { path, parent, admin, downstream, x509SvidTtl, jwtSvidTtl, ...rest } = settings;
    return {
        ...rest,
        spiffeId: spiffeId(path),
        parent: "alias" in parent ? { alias: spiffeId(parent.alias) } : parent,
        ...(admin && { admin }),
        ...(downstream && { downstream }),
        ...(x509SvidTtl !== undefined && { x509SvidTtl: durationSeconds(x509SvidTtl) }),
        ...(jwtSvidTtl !== undefined && { jwtSvidTtl: durationSeconds(jwtSvidTtl) }),
    };
}

function entrySetArgs(settings: Settings, id: StackId, set: string): EntrySetArgs {
    const { trustDomain, clusterName, registration } = settings;
    const { server, agents } = spirePlace(settings.spire);
    return {
        ...clusterChoice(settings),
        trustDomain,
        clusterName,
        idPrefix: `${ownerOf(id)}.${set}`,
        timeoutSeconds: registration.timeoutSeconds,
        // Only what is not the default, which the inputs of older states do not have.
        ...(registration.unattestedNodes !== "fail" && {
            unattestedNodes: registration.unattestedNodes,
        }),
        ...(settings.spire.mode === "external" && { foreignServer: true as const }),
        server,
        agentDaemonSet: { namespace: agents.namespace, daemonSet: agents.daemonSet },
    };
}
