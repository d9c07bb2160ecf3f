/** SPIRE's server and agents, where this program installs them. */
import type * as pulumi from "@pulumi/pulumi";
import { installsSpire, type Settings } from "../../settings/schema";
import { Agent } from "./agent";
import { agentArgs, oidcDiscoveryProviderArgs, serverArgs } from "./args";
import { OidcDiscoveryProvider } from "./oidcDiscoveryProvider";
import { Server } from "./server";

/** What was made, for what depends on it. */
export interface InstalledParts {
    parts: pulumi.Resource[];
    /** Change with every rollout of the pods. */
    revisions: pulumi.Output<string>[];
}

/**
 * Server and agents as the settings ask for them; nothing where someone else runs SPIRE.
 *
 * @param after options of a resource that waits for others.
 * @param before what both wait for.
 */
export function installSpire(
    name: string,
    settings: Settings,
    after: (...dependsOn: pulumi.Resource[]) => pulumi.ComponentResourceOptions,
    before: pulumi.Resource[],
): InstalledParts {
    if (!installsSpire(settings)) return { parts: [], revisions: [] };
    const server = new Server(name, serverArgs(settings), after(...before));
    // Agents that start before the server is Ready back off for more than a minute.
    const agent = new Agent(name, agentArgs(settings), after(server));
    return { parts: [server, agent], revisions: [server.revision, agent.revision] };
}

/**
 * The OIDC discovery provider, where the settings ask for one.
 *
 * @param opts wait for its registration entry.
 */
export function installOidcDiscoveryProvider(
    name: string,
    settings: Settings,
    opts: pulumi.ComponentResourceOptions,
): OidcDiscoveryProvider[] {
    const args = installsSpire(settings) ? oidcDiscoveryProviderArgs(settings) : undefined;
    return args ? [new OidcDiscoveryProvider(name, args, opts)] : [];
}
