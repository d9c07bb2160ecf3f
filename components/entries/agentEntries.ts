/** The registration entries that Cilium needs, as one resource whose preview shows each entry. */
import type { AgentEntriesArgs, Entries } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";

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

/**
 * The entries under every agent of the cluster, written in batches after all agents have attested.
 *
 * `check` reads the live nodes, so a node that joined, left or was recreated shows in the next preview without any change
 * of code. Depend on server, agents and Cilium.
 */
export class AgentEntries extends pulumi.dynamic.Resource {
    /** SPIFFE ID of the agent by node name. Undefined with the strategy `nodeAlias`. */
    declare readonly agents: pulumi.Output<Record<string, string> | undefined>;

    /** Every entry, by `<node or "cluster">/<role>`. */
    declare readonly entries: pulumi.Output<Entries>;

    constructor(name: string, args: AgentEntriesArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            provider,
            name,
            { agents: undefined, entries: undefined, ...args },
            opts,
            "spire",
            "AgentEntries",
        );
    }
}
