/** Connections to pods as a node's Cilium tracks them, whether Hubble runs or not. */
import type { V1Pod } from "@cilium-spire/entries-provider";
import { inAgent } from "../checks/handshake";
import type { Patient } from "../patient";

/** One or more connections that differ in the client's port alone. */
export interface Connection {
    /** Addresses without ports. */
    from: string;
    to: string;
    /** The server's. */
    port: number;
    protocol: string;
    /** The client's security identity. */
    identity: number;
}

/** As `cilium-dbg` of 1.15 to 1.20 writes an entry of its table (pkg/maps/ctmap, pkg/tuple). */
const LINE =
    /^(TCP|UDP|SCTP) IN \[?([\d.a-f:]+?)\]?:\d+ -> \[?([\d.a-f:]+?)\]?:(\d+) .*\(remaining: (-?\d+) sec.*\bSourceSecurityID=(\d+)\b/;

/**
 * Connections to pods of the node of a Cilium agent. One that has ended is in Cilium's table for ten seconds more; one whose
 * packets are dropped is not.
 *
 * @throws LeftOut when the agent cannot be asked.
 */
export async function connectionsAt(patient: Patient, agent: V1Pod): Promise<Connection[]> {
    const list = "cilium-dbg bpf ct list global --time-diff";
    return parseConnections(await inAgent(patient, agent, list, []));
}

/** The connections that came in, in what `cilium-dbg bpf ct list` prints. */
export function parseConnections(table: string): Connection[] {
    const found = new Map<string, Connection>();
    for (const line of table.split("\n")) {
        const [, protocol, from, to, port, remaining, identity] = LINE.exec(line) ?? [];
        // What has expired stays in the table until Cilium's garbage collector comes by.
        if (protocol === undefined || Number(remaining) < 0) continue;
        const connection = { from: from!, to: to!, port: Number(port), protocol };
        const key = JSON.stringify([connection, identity]);
        found.set(key, { ...connection, identity: Number(identity) });
    }
    return [...found.values()];
}
