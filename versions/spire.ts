/** What depends on the version of SPIRE (source: its CHANGELOG and the configuration structs of each release). */
import { gte, satisfies } from "semver";

/** Oldest and newest minor release that this program knows the configuration of. */
export const SUPPORTED_SPIRE = { oldest: "1.9.6", newestMinor: "1.15" } as const;

/**
 * The release since which SPIRE knows what an option needs. Unknown keys in the sections `server` and `agent` stop the
 * process (cmd/spire-{server,agent}/cli/run/run.go, checkForUnknownConfig).
 */
export const SINCE = {
    /** federation.bundle_endpoint.profile.https_web.serving_cert_file (spire#5163) */
    servingCertFile: "1.10.1",
    /** agent.x509_svid_cache_max_size; before in agent.experimental (spire#5531) */
    svidCacheSizeIsStable: "1.11.0",
    /** The k8s workload attestor finds containers under cgroup v2 without being told to (spire#5454). */
    containerLocatorByDefault: "1.11.0",
    /** BundlePublisher k8s_configmap (spire#6105) */
    configMapPublisher: "1.12.4",
    /** server.prune_attested_nodes_expired_for (spire#6152) */
    pruneAttestedNodes: "1.13.0",
    /** agent.rebootstrap_mode and rebootstrap_delay; retry_bootstrap went in 1.14.0 (spire#6227, #6431) */
    rebootstrap: "1.13.0",
    /** Agents synchronise by differences, without being told to, and count what they have: sync_entries_total (spire#5906) */
    syncedEntries: "1.12.0",
    /** The metric of the time at which the X.509 CA expires (spire#6303) */
    caExpirationMetric: "1.13.3",
} as const;

/** True when SPIRE of this version has the feature. */
export function supports(version: string, feature: keyof typeof SINCE): boolean {
    return gte(version, SINCE[feature]);
}

/** Why this version cannot be used, or undefined when it can. */
export function unsupportedSpire(version: string): string | undefined {
    const { oldest, newestMinor } = SUPPORTED_SPIRE;
    if (satisfies(version, `${oldest} - ${newestMinor}`)) return undefined;
    return `SPIRE ${version} is not supported; use ${oldest} to ${newestMinor}.x`;
}
