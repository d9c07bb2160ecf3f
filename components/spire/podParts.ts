/** What a part of SPIRE's configuration needs of the pod that reads it: pure data, in kubernetesx' short forms. */

/** The user of the server's image since SPIRE 1.10; older images run as well under it, with fsGroup for the volume. */
const USER = 1000;

/** Security of pods that the restricted Pod Security Standard admits, with that of their containers. */
export const RESTRICTED_POD = {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    // A volume with many files would otherwise be changed file by file at every start.
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
};
export const RESTRICTED_CONTAINER = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
};

/** A volume with the place where it is mounted. */
export interface Mount {
    volume: {
        name: string;
        secret?: SecretVolume;
        configMap?: { name: string };
        emptyDir?: object;
        hostPath?: { path: string; type: string };
        projected?: { sources: { serviceAccountToken: TokenSource }[] };
        csi?: { driver: string; readOnly: boolean };
    };
    destPath: string;
}

interface SecretVolume {
    secretName: string;
    /** Only these keys, as files of the same name. */
    items: { key: string; path: string }[];
    defaultMode: number;
}

interface TokenSource {
    path: string;
    audience: string;
    expirationSeconds: number;
}

/** Environment and volumes, to be merged into those of the pod. */
export interface PodParts {
    env: Record<string, { secretKeyRef: { name: string; key: string } }>;
    mounts: Mount[];
}

export const NOTHING: PodParts = { env: {}, mounts: [] };

export function mergeParts(parts: PodParts[]): PodParts {
    return {
        env: Object.assign({}, ...parts.map((part) => part.env)) as PodParts["env"],
        mounts: parts.flatMap((part) => part.mounts),
    };
}

/** Some keys of a Secret as files in a directory: readable by the container's group, as lib/pq demands of private keys. */
export function secretFiles(
    volume: string,
    secretName: string,
    keys: string[],
    destPath: string,
): Mount {
    const items = [...new Set(keys)].map((key) => ({ key, path: key }));
    return {
        volume: { name: volume, secret: { secretName, items, defaultMode: 0o440 } },
        destPath,
    };
}

/** A token of the pod's service account that is good for one audience only. */
export function tokenFile(volume: string, audience: string, path: string, destPath: string): Mount {
    const serviceAccountToken = { path, audience, expirationSeconds: 7200 };
    return {
        volume: { name: volume, projected: { sources: [{ serviceAccountToken }] } },
        destPath,
    };
}
