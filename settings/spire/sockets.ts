/** The two sockets of a SPIRE agent and SPIRE's rule about their directories. */
import { posix } from "node:path";

/** Host paths of the sockets. */
export interface Sockets {
    /** Workload API: every workload may connect. */
    workload: string;
    /** Admin API: Delegated Identity and Debug. Whoever can connect can ask for others' identities. */
    admin: string;
}

/**
 * Why SPIRE would refuse this layout, or undefined when it is fine.
 *
 * The rule is textual: the admin path must not begin with the workload socket's directory
 * (spire cmd/spire-agent/cli/run/run_posix.go, getAdminAddr).
 */
export function socketConflict({ workload, admin }: Sockets): string | undefined {
    const directory = posix.dirname(workload);
    if (!admin.startsWith(directory === "/" ? directory : `${directory}/`)) return undefined;
    return `the admin socket is in or below ${directory}, the directory of the workload socket, where every workload could reach it; use a sibling directory such as ${posix.join(posix.dirname(directory), "admin-sockets", "admin.sock")}`;
}
