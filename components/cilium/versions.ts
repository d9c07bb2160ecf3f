/** What depends on the version of Cilium (source: values.yaml and upgrade notes of each release). */
import { atLeast } from "../spire/versions";

/** Why this version cannot be used, or undefined when it can. */
export function unsupportedCilium(version: string): string | undefined {
    if (atLeast(version, "1.21.0")) {
        return `Cilium ${version} has no mutual authentication any more (removed in 1.21); use 1.15 to 1.20`;
    }
    if (!atLeast(version, "1.15.0")) {
        return `Cilium ${version} is not supported; use 1.15 to 1.20`;
    }
    return undefined;
}

/** What a user of this version should know, or undefined when there is nothing to say. */
export function ciliumWarning(version: string): string | undefined {
    if (atLeast(version, "1.20.0")) {
        return `Cilium ${version}: mutual authentication is deprecated and will be removed in 1.21.`;
    }
    if (!atLeast(version, "1.18.0")) {
        return `Cilium ${version} gets no fixes any more and may accept a forged peer (GHSA-33qq-jq9c-6gcc); use 1.18.12 or 1.19.6.`;
    }
    return undefined;
}
