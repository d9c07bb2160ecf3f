/** What depends on the version of SPIRE (source: its CHANGELOG and the configuration structs of each release). */

/** Oldest and newest minor release that this program knows the configuration of. */
export const SUPPORTED_SPIRE = { oldest: "1.9.6", newestMinor: "1.15" } as const;

/** Compares versions `a.b.c`: negative when `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
    const [left, right] = [a, b].map((v) => v.split(".").map(Number));
    return [0, 1, 2].map((i) => (left![i] ?? 0) - (right![i] ?? 0)).find((d) => d !== 0) ?? 0;
}

/** True when `version` is `since` or newer. */
export function atLeast(version: string, since: string): boolean {
    return compareVersions(version, since) >= 0;
}

/** Why this version cannot be used, or undefined when it can. */
export function unsupportedSpire(version: string): string | undefined {
    const { oldest, newestMinor } = SUPPORTED_SPIRE;
    const minor = version.split(".").slice(0, 2).join(".");
    if (atLeast(version, oldest) && compareVersions(minor, newestMinor) <= 0) return undefined;
    return `SPIRE ${version} is not supported; use ${oldest} to ${newestMinor}.x`;
}
