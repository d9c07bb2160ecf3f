/** The two sockets of a SPIRE agent and SPIRE's rule about their directories. */
import { posix } from "node:path";
import { z } from "zod";

/** Directories below /run that pods mount something at, or that are the node's own. */
const TAKEN = [
    // Of SPIRE's pods, and of the tokens that Kubernetes gives to all.
    ...["spire/bundle", "spire/config", "spire/data", "secrets"],
    // Of Cilium's.
    ...["cilium", "netns", "xtables.lock"],
    // Of container runtimes and of systemd.
    ...[
        "containerd",
        "containers",
        "cri-dockerd",
        "crio",
        "docker",
        "flannel",
        "k3s",
        "kubernetes",
        "runc",
    ],
    ...[
        "credentials",
        "dbus",
        "initctl",
        "initramfs",
        "lock",
        "log",
        "lvm",
        "mount",
        "network",
        "sshd",
        "systemd",
        "udev",
        "user",
    ],
].map((name) => `/run/${name}`);

/** The same below other directories, where only others put their sockets. */
const TAKEN_ELSEWHERE = ["/var/lib/kubelet", "/var/lib/cilium", "/opt/cni"];

type Context = z.core.$RefinementCtx<string>;

function requireOwnDirectory(path: string, context: Context): void {
    const directory = `${posix.dirname(path).replace(/^\/var(?=\/run\/)/, "")}/`;
    const taken = [...TAKEN, ...TAKEN_ELSEWHERE]
        .map((other) => `${other}/`)
        .find((other) => directory.startsWith(other) || other.startsWith(directory));
    if (taken === undefined) return;
    context.addIssue({
        code: "custom",
        message: `must be in a directory of its own: ${directory} would hide or show ${taken}; use another, such as /run/spire/sockets`,
    });
}

/**
 * The path of a socket on every node. Its directory is mounted into pods, where anything else in it would be, too; Cilium's
 * chart writes the path into YAML without quotes; Linux allows 107 bytes (sun_path).
 */
export const socketPath = z
    .string()
    .max(107, "is longer than the 107 bytes that Linux allows for a Unix socket; shorten it")
    .regex(
        /^\/run(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+){2,}$/,
        'must be the path of a file in a directory of its own below /run, such as /run/spire/sockets/agent.sock, of letters, digits, ".", "-" and "_"',
    )
    .superRefine(requireOwnDirectory);

/** As {@link socketPath}, of agents that someone else runs: where others put theirs, too. */
export const foreignSocketPath = z
    .string()
    .max(107, "is longer than the 107 bytes that Linux allows for a Unix socket; shorten it")
    .regex(
        /^\/(run|tmp|opt|srv|var\/run|var\/lib)(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+){2,}$/,
        'must be the path of a file in a directory of its own below /run, /var/run, /var/lib, /tmp, /opt or /srv, of letters, digits, ".", "-" and "_"',
    )
    .superRefine(requireOwnDirectory);

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
    if (!admin.startsWith(`${directory}/`)) return undefined;
    return `the admin socket is in or below ${directory}, the directory of the workload socket, where every workload could reach it; use a sibling directory such as ${posix.join(posix.dirname(directory), "admin-sockets", "admin.sock")}`;
}
