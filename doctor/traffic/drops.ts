/** Packets that policies stop at a node, as its Cilium's monitor tells of them, whether Hubble runs or not. */
import type { V1Pod } from "@cilium-spire/entries-provider";
import { inAgent } from "../checks/handshake";
import { LeftOut } from "../leftOut";
import type { Patient } from "../patient";

/** A packet that was dropped, and where and when. */
export interface Drop extends Packet {
    node: string;
    /** In seconds since 1970, by the node's clock. */
    at: number;
}

/** A packet that was dropped. */
export interface Packet {
    reason: Reason;
    /** Addresses without ports, and security identities. */
    from: string;
    to: string;
    fromIdentity: number;
    toIdentity: number;
    port: number;
    protocol: string;
}

/** Of those that Cilium gives, the ones of policies (cilium pkg/monitor/api/drop.go of 1.15 to 1.20). */
export const REASONS = ["Authentication required", "Policy denied"] as const;
export type Reason = (typeof REASONS)[number];

/** Of each time that is listened: more of the same say no more. */
const MOST_LINES = 2000;
/** What the monitor says when it listens. */
const GREETING = "Press Ctrl-C to quit";
/**
 * Arguments: for how many seconds, and how many lines at most. Cilium's image has bash, timeout and grep. The time is put before
 * a line by bash, since the monitor has none.
 */
const SCRIPT = `
n=0
timeout "$1" cilium-dbg monitor --type=drop --numeric 2>&1 |
grep --line-buffered -E '^${GREETING}|^xx drop \\((${REASONS.join("|")})' |
while IFS= read -r line && [ $((n++)) -lt "$2" ]; do printf '%(%s)T %s\\n' -1 "$line"; done
exit 0
`;
/** cilium pkg/monitor/datapath_drop.go; from an address that has none, such as ICMP, a port is missing. */
const LINE =
    /^xx drop \(([^,)]+)[^)]*\) .*identity (\d+)->(\d+): \[?([\d.a-f:]+?)\]?:\d+ -> \[?([\d.a-f:]+?)\]?:(\d+) (tcp|udp|sctp)/;

/**
 * Listens for a while at the node of a Cilium agent.
 *
 * @throws LeftOut when the agent's monitor did not listen.
 */
export async function dropsAt(patient: Patient, agent: V1Pod, seconds: number): Promise<Drop[]> {
    const output = await inAgent(patient, agent, SCRIPT, [String(seconds), String(MOST_LINES)]);
    if (output.includes(GREETING)) return parseDrops(output, agent.spec!.nodeName!);
    const { namespace, name } = agent.metadata!;
    throw new LeftOut(`cilium-dbg monitor in pod ${namespace}/${name} did not listen`);
}

/** TCP, UDP and SCTP packets in what the monitor printed, each line behind its time. */
export function parseDrops(output: string, node: string): Drop[] {
    return output.split("\n").flatMap((line): Drop[] => {
        const [, at, told = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
        const packet = parseDrop(told);
        return packet ? [{ ...packet, node, at: Number(at) }] : [];
    });
}

/** One line of the monitor; undefined for all others than a dropped packet of TCP, UDP or SCTP. */
export function parseDrop(line: string): Packet | undefined {
    const [, reason, fromIdentity, toIdentity, from, to, port, protocol] = LINE.exec(line) ?? [];
    if (reason === undefined) return undefined;
    return {
        ...{ reason: reason as Reason, from: from!, to: to! },
        ...{ fromIdentity: Number(fromIdentity), toIdentity: Number(toIdentity) },
        ...{ port: Number(port), protocol: protocol!.toUpperCase() },
    };
}
