/** Settings of SPIRE as a whole: what server and agents have in common. */
import { z } from "zod";
import { group, variants, version } from "../words";
import { agentSettings } from "./agent";
import { controllerManagerSettings } from "./controllerManager";
import { externalSpire } from "./external";
import { oidcDiscoveryProviderSettings } from "./oidcDiscoveryProvider";
import { serverSettings } from "./server";
import { socketPath } from "./sockets";

export const installedSpire = z.strictObject({
    mode: z.literal("install").default("install").describe("This program installs SPIRE."),
    version: version.default("1.15.3").describe("Version of the SPIRE server, and of its agents."),
    createNamespaces: z
        .boolean()
        .default(true)
        .describe(
            "Make the namespaces of server and agents, label them with the Pod Security level of their pods, and delete them with the stack. `false`: others made them, and keep them.",
        ),
    server: serverSettings.describe("The SPIRE server."),
    agent: agentSettings.describe("The SPIRE agents, one on each node."),
    controllerManager: controllerManagerSettings
        .optional()
        .describe(
            "spire-controller-manager in the server's pod, with the kind ClusterSPIFFEID: entries for all pods that one selects. None when absent.",
        ),
    oidcDiscoveryProvider: oidcDiscoveryProviderSettings
        .optional()
        .describe(
            "SPIRE's OIDC discovery provider, where those who do not speak to SPIRE find the keys to verify JWT-SVIDs with, and the `iss` that leads there. None when absent.",
        ),
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

export const spireSettings = variants("mode", [installedSpire, externalSpire]).prefault({});

export type InstalledSpire = z.output<typeof installedSpire>;
export type SpireSettings = z.output<typeof spireSettings>;
export type { AgentSettings } from "./agent";
export type { ExternalSpire } from "./external";
export type { ServerSettings } from "./server";
