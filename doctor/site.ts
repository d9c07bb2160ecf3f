/** Where the parts are that the doctor looks at: by the settings of a stack, or as the cluster says by itself. */
import type { AgentEntriesArgs, Cluster, SpireServerRef } from "@cilium-spire/entries-provider";
import { agentEntriesArgs } from "../components/entries/args";
import { AGENT_NAME } from "../components/names";
import type { StackId } from "../components/owner";
import type { Settings } from "../settings/schema";
import { discoverAuthority } from "./discovery";

/** A stack, whose settings say how the cluster should be. */
export interface KnownStack {
    id: StackId;
    settings: Settings;
    /** What the stack's entries resource was asked for. */
    entries: AgentEntriesArgs;
}

/** Where things are on one cluster. */
export interface Site {
    /** Of Cilium. */
    namespace: string;
    trustDomain: string;
    /** Whether Cilium is to authenticate. */
    mutualAuth: boolean;
    /** Undefined when the server is no StatefulSet of this cluster, and cannot be asked. */
    server?: SpireServerRef | undefined;
    /** Undefined when no DaemonSet has a container `spire-agent`. */
    agents?: { namespace: string; daemonSet: string } | undefined;
}

export function knownStack(settings: Settings, id: StackId): KnownStack {
    return { id, settings, entries: agentEntriesArgs(settings, id) };
}

export function siteOf({ settings, entries }: KnownStack): Site {
    const { trustDomain, mutualAuth, cilium } = settings;
    return {
        ...{ namespace: cilium.namespace, trustDomain, mutualAuth },
        ...{ server: entries.server, agents: entries.agentDaemonSet },
    };
}

/** @throws Error when there is no Cilium, or none that authenticates. */
export async function discoverSite(cluster: Cluster): Promise<Site> {
    const [{ trustDomain, spireServer, namespace }, sets] = await Promise.all([
        discoverAuthority(cluster),
        cluster.list((page) => cluster.apps.listDaemonSetForAllNamespaces(page)),
    ]);
    const agents = sets.find(({ spec }) =>
        spec?.template.spec?.containers.some(({ name }) => name === AGENT_NAME),
    )?.metadata;
    return {
        ...{ namespace, trustDomain, mutualAuth: true, server: spireServer },
        ...(agents && {
            agents: { namespace: agents.namespace!, daemonSet: agents.name! },
        }),
    };
}
