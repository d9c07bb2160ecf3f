/** Settings of SPIRE as a whole: what server and agents have in common. */
import { z } from "zod";
import { group, version } from "../words";
import { agentSettings } from "./agent";
import { serverSettings } from "./server";
import { socketPath } from "./sockets";

export const spireSettings = group({
    version: version.default("1.15.3").describe("Version of the SPIRE server, and of its agents."),
    createNamespaces: z
        .boolean()
        .default(true)
        .describe(
            "Make the namespaces of server and agents, label them with the Pod Security level of their pods, and delete them with the stack. `false`: others made them, and keep them.",
        ),
    server: serverSettings.describe("The SPIRE server."),
    agent: agentSettings.describe("The SPIRE agents, one on each node."),
    sockets: group({
        workload: socketPath
            .default("/run/spire/sockets/agent.sock")
            .describe("Workload API socket on every node."),
        admin: socketPath
            .default("/run/spire/admin-sockets/admin.sock")
            .describe(
                "Admin API socket, for the delegate. Not in or below the workload socket's directory.",
            ),
    }).describe("Host paths of the two sockets of an agent."),
});

export type SpireSettings = z.output<typeof spireSettings>;
export type { AgentSettings } from "./agent";
export type { ServerSettings } from "./server";
