/** Settings of a SPIRE that someone else runs. The defaults are what the chart `spire` of helm-charts-hardened makes with its recommended namespaces. */
import { z } from "zod";
import { group, idPath, lacking, objectName, port, version } from "../words";
import { foreignSocketPath } from "./sockets";

/** The path of a Unix socket in a container; 107 bytes are Linux' limit (sun_path). */
const containerSocket = z
    .string()
    .max(107, "is longer than the 107 bytes that Linux allows for a Unix socket")
    .regex(
        /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/,
        'must be the absolute path of a socket, of letters, digits, ".", "-" and "_"',
    );

/** The path of the SPIFFE ID of a delegate. SPIRE's own, and those that Cilium's identities hang on, are nobody's to take. */
const delegatePath = idPath.refine(
    (path) => !/^\/(spire|identity|cilium-operator|cilium-operator-nodes)(\/|$)/.test(path),
    "is reserved for SPIRE and Cilium; choose another, such as /cilium-agent",
);

/** Why a setting of an installation has no place here. */
const NOT_OURS =
    'describes an installation, but with spire.mode = "external" someone else runs SPIRE; set it there, and remove it here';

export const externalSpire = z.strictObject(
    {
        mode: z
            .literal("external")
            .describe(
                "Someone else runs SPIRE in this cluster: only entries are written to it, and nothing of it is changed.",
            ),
        version: version.default("1.15.3").describe("Version of the SPIRE server that is there."),
        server: group(
            {
                namespace: objectName.default("spire-server").describe("Namespace of the server."),
                statefulSet: objectName
                    .default("spire-server")
                    .describe("Its StatefulSet. Entries are written by a command in its pod."),
                container: objectName
                    .default("spire-server")
                    .describe("The container with `/opt/spire/bin/spire-server`."),
                socketPath: containerSocket
                    .default("/tmp/spire-server/private/api.sock")
                    .describe("`socket_path` of the server, as its container sees it."),
                service: objectName
                    .default("spire-server")
                    .describe(
                        "Its Service, which must have a ClusterIP: Cilium's operator dials it.",
                    ),
                port: port.default(443).describe("Port of that Service for SPIRE's API."),
            },
            lacking(NOT_OURS),
        ).describe("Where the SPIRE server is."),
        agent: group(
            {
                namespace: objectName.default("spire-system").describe("Namespace of the agents."),
                daemonSet: objectName.default("spire-agent").describe("Their DaemonSet."),
                serviceAccount: objectName
                    .default("spire-agent")
                    .describe("Their service account, by which they attest."),
                delegate: delegatePath
                    .default("/cilium-agent")
                    .describe(
                        "Path of the SPIFFE ID in `authorized_delegates` of the agents that is Cilium's: whoever holds it gets everyone's identity.",
                    ),
            },
            lacking(NOT_OURS),
        ).describe("Where the SPIRE agents are."),
        sockets: group({
            workload: foreignSocketPath
                .default("/run/spire/agent-sockets/spire-agent.sock")
                .describe("Workload API socket on every node."),
            admin: foreignSocketPath
                .default("/run/spire/agent/sockets/csi.spiffe.io/admin/admin.sock")
                .describe(
                    "Admin API socket, for the delegate. Not in or below the workload socket's directory.",
                ),
        }).describe("Host paths of the two sockets of an agent."),
    },
    lacking(NOT_OURS),
);

export type ExternalSpire = z.output<typeof externalSpire>;
