/** The registration entries that Cilium needs, as one resource whose preview shows each entry. */
import type { AgentEntriesArgs as ProviderArgs } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";
import type { RegistrationSettings } from "../../settings/cilium";
import type { Release } from "../cilium/release";
import type { Agent } from "../spire/agent";
import type { Server } from "../spire/server";

/**
 * What the engine stores, as text, in the state. It must never change and hold nothing, so each method only calls the
 * package, which the engine's Node process resolves from the program's directory (docs/architecture.md).
 */
/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-explicit-any */
const provider: pulumi.dynamic.ResourceProvider = {
    check: (olds: any, news: any) =>
        require("@cilium-spire/entries-provider").agentEntries.check(olds, news),
    diff: (id: any, olds: any, news: any) =>
        require("@cilium-spire/entries-provider").agentEntries.diff(id, olds, news),
    create: (inputs: any) => require("@cilium-spire/entries-provider").agentEntries.create(inputs),
    read: (id: any, props: any) =>
        require("@cilium-spire/entries-provider").agentEntries.read(id, props),
    update: (id: any, olds: any, news: any) =>
        require("@cilium-spire/entries-provider").agentEntries.update(id, olds, news),
    delete: (id: any, props: any) =>
        require("@cilium-spire/entries-provider").agentEntries.delete(id, props),
};
/* eslint-enable */

/** Arguments of {@link AgentEntries}. */
export interface AgentEntriesArgs {
    /** SPIFFE trust domain. */
    trustDomain: string;
    /** Name under which the agents attest. */
    clusterName: string;
    /**
     * kubeconfig context.
     * @default the current one
     */
    context?: string;
    server: Pick<Server, "workload">;
    agent: Pick<Agent, "workload">;
    cilium: Pick<Release, "workload">;
    /** What the stack configuration says of registration. */
    settings: RegistrationSettings;
}

/**
 * The entries under every agent of the cluster, written in batches after all agents have attested.
 *
 * `check` reads the live nodes, so a node that joined, left or was recreated shows in the next preview without any change
 * of code. Depend on server, agents and Cilium.
 */
export class AgentEntries extends pulumi.dynamic.Resource {
    /** SPIFFE ID of the agent by node name. Undefined with the strategy `nodeAlias`. */
    declare readonly agents: pulumi.Output<Record<string, string> | undefined>;

    constructor(name: string, args: AgentEntriesArgs, opts?: pulumi.CustomResourceOptions) {
        const props = { agents: undefined, ...providerArgs(args) };
        super(provider, name, props, opts, "spire", "AgentEntries");
    }
}

function providerArgs({
    server,
    agent,
    cilium,
    settings,
    ...identity
}: AgentEntriesArgs): ProviderArgs {
    const { namespace, operatorDeployment, ...accounts } = cilium.workload;
    const { serviceAccount, ...agentDaemonSet } = agent.workload;
    return {
        ...identity,
        // Two stacks on one server never touch each other's entries.
        idPrefix: `${pulumi.getProject()}.${pulumi.getStack()}`,
        registration: settings.strategy,
        operatorNodeLabels: settings.operatorNodeLabels,
        timeoutSeconds: settings.timeoutSeconds,
        server: server.workload,
        agent: { namespace: agentDaemonSet.namespace, serviceAccount },
        agentDaemonSet,
        cilium: { namespace, ...accounts },
        operatorDeployment: { namespace, deployment: operatorDeployment },
    };
}
