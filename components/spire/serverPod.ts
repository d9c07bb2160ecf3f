/** The SPIRE server's pod as plain data. */
import { SERVER_PROGRAM } from "@cilium-spire/entries-provider";
import type { ServerSettings } from "../../settings/spire";
import { imageAt, pullSecrets } from "../images";
import { SERVER_NAME, SERVER_PORTS } from "../names";
import type { ServerArgs } from "./args";
import { controllerManagerContainer } from "./controllerManagerPod";
import { datastoreParts } from "./datastore";
import { BUNDLE_ENDPOINT_PORT, federationParts } from "./federation";
import {
    mergeParts,
    type Mount,
    type PodParts,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
} from "./podParts";
import { SERVER_DATA_DIR, SERVER_SOCKET_DIR } from "./serverConf";
import { upstreamAuthorityParts } from "./upstreamAuthority";

export const SERVER_LABELS = { "app.kubernetes.io/name": SERVER_NAME };
const CONFIG_DIR = "/run/spire/config";
const DATA = "data";
const CONFIG: Mount = {
    volume: { name: "config", configMap: { name: SERVER_NAME } },
    destPath: CONFIG_DIR,
};
const SOCKET: Mount = { volume: { name: "socket", emptyDir: {} }, destPath: SERVER_SOCKET_DIR };

/** The spec of the pod, which the restricted Pod Security Standard admits. */
export function serverPod(args: ServerArgs) {
    const { settings, version, images, controllerManager } = args;
    const image = settings.image ?? imageAt(images.registry, "ghcr.io/spiffe/spire-server");
    const parts = serverParts(settings);
    const probe = (path: string) => ({ httpGet: { path, port: "health" } });
    return {
        serviceAccountName: SERVER_NAME,
        imagePullSecrets: pullSecrets(images),
        ...serverScheduling(settings),
        securityContext: RESTRICTED_POD,
        containers: [
            {
                name: SERVER_NAME,
                image: `${image}:${version}`,
                imagePullPolicy: "IfNotPresent",
                // In full: what the image would run by itself differs between SPIRE's releases, and in images of other builders.
                command: [SERVER_PROGRAM, "run", "-config", `${CONFIG_DIR}/server.conf`],
                env: parts.env,
                ports: {
                    ...SERVER_PORTS,
                    ...(settings.federation?.bundleEndpoint && { bundle: BUNDLE_ENDPOINT_PORT }),
                },
                // The listener comes after the datastore, whose migration must not be interrupted: 10 minutes.
                startupProbe: { ...probe("/live"), periodSeconds: 2, failureThreshold: 300 },
                readinessProbe: { ...probe("/ready"), periodSeconds: 2 },
                livenessProbe: { ...probe("/live"), periodSeconds: 30 },
                resources: settings.resources,
                securityContext: RESTRICTED_CONTAINER,
                volumeMounts: [
                    CONFIG,
                    SOCKET,
                    needsVolume(settings)
                        ? { name: DATA, mountPath: SERVER_DATA_DIR }
                        : { volume: { name: DATA, emptyDir: {} }, destPath: SERVER_DATA_DIR },
                    ...parts.mounts,
                ],
            },
            ...(controllerManager
                ? [controllerManagerContainer(args, controllerManager, CONFIG, SOCKET)]
                : []),
        ],
    };
}

/** Keys on disk belong to one replica, and so does sqlite. */
function needsVolume({ keyManager, datastore }: ServerSettings): boolean {
    return keyManager === "disk" || datastore.type === "sqlite3";
}

/** What the API server fills in below a claim of the list {@link serverClaims}. */
export const CLAIM_DEFAULTS = ["apiVersion", "kind", "spec.volumeMode", "status"];

/**
 * The volume claims of the StatefulSet; none when nothing must survive a restart.
 *
 * Complete, with what the API server would fill in: it compares such a list as a whole, so another field manager that
 * applies the same claims without the defaults is refused.
 */
export function serverClaims(settings: ServerSettings) {
    if (!needsVolume(settings)) return {};
    const { storageClass, size, retain } = settings.storage;
    return {
        volumeClaimTemplates: [
            {
                apiVersion: "v1" as const,
                kind: "PersistentVolumeClaim" as const,
                metadata: { name: DATA },
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    volumeMode: "Filesystem",
                    ...(storageClass !== undefined && { storageClassName: storageClass }),
                    resources: { requests: { storage: size } },
                },
                status: { phase: "Pending" },
            },
        ],
        persistentVolumeClaimRetentionPolicy: {
            whenDeleted: retain ? "Retain" : "Delete",
            whenScaled: "Retain",
        },
    };
}

/** The names of the claims that the StatefulSet controller makes of {@link serverClaims}. */
export function serverClaimNames(settings: ServerSettings): string[] {
    if (!needsVolume(settings)) return [];
    return Array.from({ length: settings.replicas }, (_, i) => `${DATA}-${SERVER_NAME}-${i}`);
}

function serverParts({ datastore, upstreamAuthority, federation }: ServerSettings): PodParts {
    return mergeParts([
        datastoreParts(datastore),
        ...(upstreamAuthority ? [upstreamAuthorityParts(upstreamAuthority)] : []),
        ...(federation ? [federationParts(federation)] : []),
    ]);
}

function serverScheduling(settings: ServerSettings) {
    const spread = settings.topologySpread.map((constraint) => ({
        ...constraint,
        labelSelector: { matchLabels: SERVER_LABELS },
        // A node whose taint keeps the server away is no place that stands empty.
        nodeTaintsPolicy: "Honor",
    }));
    return {
        priorityClassName: settings.priorityClass,
        nodeSelector: settings.nodeSelector,
        tolerations: settings.tolerations,
        ...(settings.affinity && { affinity: settings.affinity }),
        ...(settings.replicas > 1 && { topologySpreadConstraints: spread }),
    };
}
