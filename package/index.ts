/**
 * The components of cilium-spire, for programs of their own.
 *
 * Settings are decoded once, by {@link decodeSettings}; what a component is given follows from them by a function each, so
 * that Cilium, SPIRE and the entries agree.
 *
 * @packageDocumentation
 */
export { ConfigError, decodeSettings } from "../settings/decode";
export {
    type InstallStack,
    installsSpire,
    type Settings,
    type SettingsInput,
} from "../settings/schema";
export type { TeamInput } from "../settings/team";
export { clusterProvider } from "../components/clusterProvider";
export { stableFieldManager } from "../components/fieldManager";
export { ownerOf, type StackId } from "../components/owner";
export { Adoption } from "../components/cilium/adoption";
export {
    type AdoptionArgs,
    type CiliumArgs,
    ciliumArgs,
    type InstallationArgs,
} from "../components/cilium/args";
export { MutualAuthPolicy, type MutualAuthPolicyArgs } from "../components/cilium/authPolicy";
export type {
    AuthPolicyRules,
    EntityPeer,
    Peer,
    PodPeer,
    Port,
} from "../components/cilium/authPolicySpec";
export { Installation } from "../components/cilium/installation";
export { AgentEntries } from "../components/entries/agentEntries";
export { agentEntriesArgs, workloadEntriesArgs } from "../components/entries/args";
export { type PlatformSpire, teamEntriesArgs } from "../components/entries/team";
export { WorkloadEntries } from "../components/entries/workloadEntries";
export { Agent } from "../components/spire/agent";
export {
    type AgentArgs,
    agentArgs,
    type OidcDiscoveryProviderArgs,
    oidcDiscoveryProviderArgs,
    type ServerArgs,
    serverArgs,
} from "../components/spire/args";
export { OidcDiscoveryProvider } from "../components/spire/oidcDiscoveryProvider";
export { spireNamespaces } from "../components/spire/namespaces";
export { Server } from "../components/spire/server";
export { OUTPUTS_VERSION, plainOutputs, platformOutputs, type StackOutputs } from "../outputs";
