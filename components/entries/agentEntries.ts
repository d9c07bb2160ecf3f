/** The registration entries that Cilium needs, as one resource whose preview shows each entry. */
import type { AgentEntriesArgs, Entries } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";
import { dynamicProvider } from "../dynamicProvider";

/**
 * The entries under every agent of the cluster, written in batches after all agents have attested.
 *
 * `check` reads the live nodes and entries, so a node that joined, left or was recreated, and an entry that was changed by
 * hand, show in the next preview without any change of code. Depend on server, agents and Cilium.
 */
export class AgentEntries extends pulumi.dynamic.Resource {
    /** SPIFFE ID of the agent by node name. Undefined with the strategy `nodeAlias`. */
    declare readonly agents: pulumi.Output<Record<string, string> | undefined>;
    /** Every entry, by `<node or "cluster">/<role>`. */
    declare readonly entries: pulumi.Output<Entries>;

    constructor(name: string, args: AgentEntriesArgs, opts?: pulumi.CustomResourceOptions) {
        const props = { agents: undefined, entries: undefined, ...args };
        super(dynamicProvider("agentEntries"), name, props, opts, "spire", "AgentEntries");
    }
}
