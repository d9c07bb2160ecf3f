/** Container and configuration of spire-controller-manager, in the server's pod. */
import { durationSeconds } from "../../settings/amounts";
import type { ControllerManagerSettings } from "../../settings/spire/controllerManager";
import { imageAt } from "../images";
import { CONTROLLER_MANAGER_NAME as NAME } from "../names";
import type { ServerArgs } from "./args";
import { type Mount, RESTRICTED_CONTAINER } from "./podParts";

/** Its part of the server's ConfigMap. */
export const CONTROLLER_MANAGER_FILE = "controller-manager.json";
const HEALTH_PORT = 8083;
const NANOSECONDS = 1e9;

/**
 * Of the IDs of its entries, which are the only ones that it touches. No stack's begin so: `ownerOf` doubles a "_" in the name
 * of a project.
 */
export const ENTRY_ID_PREFIX = "controller_manager";

/** Namespaces whose pods get nothing by it: they have the identities that all others depend on. */
function ignoredNamespaces({ ciliumNamespace, agentNamespace, settings }: ServerArgs): string[] {
    const names = ["kube-system", ciliumNamespace, agentNamespace, settings.namespace];
    // It takes them for regular expressions that may match anywhere.
    return [...new Set(names)].map((name) => `^${name}$`);
}

/**
 * Its configuration. Of the three kinds that it could watch it watches ClusterSPIFFEIDs alone: federation is the server's
 * configuration, and a ClusterStaticEntry can be any entry.
 */
export function controllerManagerConf(
    args: ServerArgs,
    manager: ControllerManagerSettings,
    socketDir: string,
): object {
    const { settings } = args;
    return {
        apiVersion: "spire.spiffe.io/v1alpha1",
        kind: "ControllerManagerConfig",
        clusterName: args.clusterName,
        trustDomain: args.trustDomain,
        ignoreNamespaces: ignoredNamespaces(args),
        spireServerSocketPath: `${socketDir}/api.sock`,
        className: manager.className,
        entryIDPrefix: ENTRY_ID_PREFIX,
        gcInterval: durationSeconds(manager.gcInterval) * NANOSECONDS,
        reconcile: { clusterSPIFFEIDs: true },
        metrics: { bindAddress: "0" },
        health: { healthProbeBindAddress: `:${HEALTH_PORT}` },
        leaderElection: {
            leaderElect: settings.replicas > 1,
            resourceName: NAME,
            resourceNamespace: settings.namespace,
        },
    };
}

/**
 * Its container. It has no readiness probe: the server's pod is Ready when the server is.
 *
 * @param mounts the configuration and the server's socket.
 */
export function controllerManagerContainer(
    { images }: ServerArgs,
    manager: ControllerManagerSettings,
    config: Mount,
    socket: Mount,
) {
    const image = manager.image ?? imageAt(images.registry, `ghcr.io/spiffe/${NAME}`);
    return {
        name: NAME,
        image: `${image}:${manager.version}`,
        imagePullPolicy: "IfNotPresent",
        command: [`/${NAME}`, `-config=${config.destPath}/${CONTROLLER_MANAGER_FILE}`],
        // They need a certificate, which it would write to disk, and only check what it checks again.
        env: { ENABLE_WEBHOOKS: "false" },
        livenessProbe: {
            httpGet: { path: "/healthz", port: HEALTH_PORT },
            initialDelaySeconds: 15,
            periodSeconds: 30,
        },
        resources: manager.resources,
        securityContext: RESTRICTED_CONTAINER,
        volumeMounts: [config, socket],
    };
}
