/** What depends on the version of Cilium (source: values.yaml and upgrade notes of each release). */
import { gte, lt, minor } from "semver";

/** Why this version cannot be used, or undefined when it can. */
export function unsupportedCilium(version: string): string | undefined {
    if (gte(version, "1.21.0")) {
        return `Cilium ${version} is not supported: mutual authentication is deprecated since 1.20, its removal after that is announced (cilium/cilium#47132); use 1.15 to 1.20`;
    }
    if (lt(version, "1.15.0")) {
        return `Cilium ${version} is not supported; use 1.15 to 1.20`;
    }
    return undefined;
}

/**
 * First release of each minor without GHSA-33qq-jq9c-6gcc, where a peer could show someone else's certificate behind its
 * own. Read in pkg/auth/mutual_authhandler.go: there in 1.15.19, 1.18.4 and 1.19.3, gone in 1.20.2. The others are the
 * releases after the fix on main (168d16627b, 2026-07-15). 1.15 and 1.16 had ended by then.
 */
const FIRST_WITHOUT_FORGED_PEER = ["1.17.18", "1.18.12", "1.19.6", "1.20.0"];

/** What a user of this version should know. */
export function ciliumVersionWarnings(version: string): string[] {
    const warnings: (string | false)[] = [
        gte(version, "1.20.0") &&
            `Cilium ${version}: mutual authentication is deprecated, its removal is announced (cilium/cilium#47132).`,
        lt(version, "1.15.8") &&
            `Cilium ${version}: agents can crash while certificates rotate (cilium/cilium#33468); use 1.15.8 or newer.`,
        acceptsForgedPeer(version) &&
            `Cilium ${version} may accept a forged peer (GHSA-33qq-jq9c-6gcc); use ${FIRST_WITHOUT_FORGED_PEER.slice(1, 3).join(" or ")}, or newer.`,
    ];
    return warnings.filter((warning) => warning !== false);
}

function acceptsForgedPeer(version: string): boolean {
    const fixed = FIRST_WITHOUT_FORGED_PEER.find((first) => minor(first) === minor(version));
    return fixed ? lt(version, fixed) : lt(version, "1.20.0");
}

/** The release since which Cilium's chart knows what an option needs. */
export const CILIUM_SINCE = {
    /** hubble.tls.server.existingSecret; older charts take the Secret's content as values. */
    hubbleSecretByName: "1.16.0",
    /** k8sServiceHost: auto */
    apiServerByClusterInfo: "1.16.0",
} as const;
