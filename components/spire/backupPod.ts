/** The pod that makes one copy of the SPIRE server's datastore, as plain data. */
import type { BackupSettings } from "../../settings/spire/backup";
import { copiesKeys } from "../../settings/spire/backupRules";
import { pullSecrets } from "../images";
import { BACKUP_NAME } from "../names";
import type { ServerArgs } from "./args";
import { backupScript } from "./backupScript";
import { connectionEnv, datastoreParts } from "./datastore";
import { RESTRICTED_CONTAINER, RESTRICTED_POD } from "./podParts";
import { SERVER_LABELS, serverClaimNames } from "./serverPod";

/** Not the server's: its Service would send agents here. */
export const BACKUP_LABELS = { "app.kubernetes.io/name": BACKUP_NAME };

/** Where the script finds things. */
const DIRS = {
    /** The server's volume. */
    data: "/run/backup/data",
    recipients: "/run/backup/recipients",
    /** For the copy while it is not encrypted yet. It goes with the pod. */
    work: "/run/backup/work",
    target: "/run/backup/files",
} as const;

/** The certificates of those for whom the files are encrypted, by file name. */
export function recipientFiles({ encryptFor }: BackupSettings): Record<string, string> {
    return Object.fromEntries(encryptFor.map((pem, i) => [`${i}.pem`, pem]));
}

/** The spec of the pod, which the restricted Pod Security Standard admits. It gets no token for the API server. */
export function backupPod({ settings, clusterName, images }: ServerArgs, backup: BackupSettings) {
    const { datastore, nodeSelector, tolerations } = settings;
    const isFile = datastore.type === "sqlite3";
    const isEncrypted = backup.encryptFor.length > 0;
    const parts = datastoreParts(datastore);
    const [serverClaim] = serverClaimNames(settings);
    const volumes = [
        volume("files", DIRS.target, {
            persistentVolumeClaim: { claimName: backup.storage.claim ?? BACKUP_NAME },
        }),
        volume("work", DIRS.work, { emptyDir: {} }),
        ...(isEncrypted
            ? [volume("recipients", DIRS.recipients, { configMap: { name: BACKUP_NAME } }, true)]
            : []),
        ...(isFile
            ? [
                  volume(
                      "data",
                      DIRS.data,
                      { persistentVolumeClaim: { claimName: serverClaim! } },
                      true,
                  ),
              ]
            : []),
    ];
    return {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        imagePullSecrets: pullSecrets(images),
        // Where the server may be: what it is trusted with is in here too.
        nodeSelector,
        tolerations,
        ...(isFile && { affinity: besideServer(settings.namespace) }),
        securityContext: RESTRICTED_POD,
        volumes: volumes.map(({ source }) => source),
        containers: [
            {
                name: BACKUP_NAME,
                image: backup.image,
                imagePullPolicy: "IfNotPresent",
                command: [
                    "/bin/sh",
                    "-euc",
                    backupScript(DIRS, {
                        datastore: datastore.type,
                        hasKeys: copiesKeys(settings),
                        isEncrypted,
                    }),
                ],
                env: {
                    ...parts.env,
                    ...(datastore.type === "postgres" && {
                        ...connectionEnv(datastore),
                        PGCONNECT_TIMEOUT: "30",
                    }),
                    NAME: clusterName,
                    KEEP: String(backup.keep),
                    // The user has no home in these images, and the root file system is read-only.
                    HOME: DIRS.work,
                    TMPDIR: DIRS.work,
                },
                resources: backup.resources,
                securityContext: RESTRICTED_CONTAINER,
                volumeMounts: [...volumes.map(({ mount }) => mount), ...parts.mounts],
            },
        ],
    };
}

interface Source {
    persistentVolumeClaim?: { claimName: string };
    configMap?: { name: string };
    emptyDir?: object;
}

/** A volume with its mount, which kubernetesx' short form cannot make read-only. */
function volume(name: string, mountPath: string, source: Source, readOnly = false) {
    const mount = { name, mountPath, ...(readOnly && { readOnly }) };
    return { source: { name, ...source }, mount };
}

/** The server's volume is for pods of one node. */
function besideServer(namespace: string) {
    const term = {
        labelSelector: { matchLabels: SERVER_LABELS },
        namespaces: [namespace],
        topologyKey: "kubernetes.io/hostname",
    };
    return { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
}
