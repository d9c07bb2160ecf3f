/** Pairs of identities that a node's Cilium has authenticated. */
import type { V1Pod } from "@cilium-spire/entries-provider";
import { inAgent } from "../checks/handshake";
import type { Patient } from "../patient";
import { AUTH_TYPE_SPIRE } from "../proof/pairs";
import type { AuthMapEntry } from "../proof/pods";

/** An identity of the node's own pods, and one of those that they talk with. */
export interface Pair {
    local: number;
    remote: number;
}

/** Those by SPIRE that have not expired. @throws LeftOut when the agent cannot be asked. */
export async function authenticatedAt(patient: Patient, agent: V1Pod): Promise<Pair[]> {
    const output = await inAgent(patient, agent, "cilium-dbg bpf auth list -o json", []);
    const entries = (JSON.parse(output) as AuthMapEntry[] | null) ?? [];
    return entries
        .filter(({ AuthType }) => AuthType === AUTH_TYPE_SPIRE)
        .filter(({ Expiration }) => Date.parse(Expiration) > Date.now())
        .map(({ LocalIdentity, RemoteIdentity }) => ({
            local: LocalIdentity,
            remote: RemoteIdentity,
        }));
}
