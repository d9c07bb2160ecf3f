/** Objects by whose names this stack and somebody else could meet. */
import {
    AGENT_NAME,
    BACKUP_NAME,
    BUNDLE_CONFIG_MAP,
    CILIUM,
    CLUSTER_SPIFFE_IDS,
    clusterRoleName,
    CONTROLLER_MANAGER_NAME,
    CSI_DRIVER,
    CSI_DRIVER_NAME,
    OIDC_PROVIDER_NAME,
    SERVER_NAME,
} from "../components/names";
import type { InstalledSpire } from "../settings/spire";

/** An object that there may be. */
export interface Header {
    apiVersion: string;
    kind: string;
    metadata: { namespace?: string; name: string };
}

const APPS = "apps/v1";
const RBAC = "rbac.authorization.k8s.io/v1";

export function header(apiVersion: string, kind: string, name: string, namespace?: string): Header {
    return { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}

/** Of both server and agents: whichever of them is in a namespace, the other's names there would only confuse. */
export function spireObjects(namespace: string): Header[] {
    return [
        header(APPS, "StatefulSet", SERVER_NAME, namespace),
        header(APPS, "DaemonSet", AGENT_NAME, namespace),
        header("v1", "Service", SERVER_NAME, namespace),
        header("v1", "ConfigMap", BUNDLE_CONFIG_MAP, namespace),
        ...[SERVER_NAME, AGENT_NAME].flatMap((name) => [
            header("v1", "ServiceAccount", name, namespace),
            header("v1", "ConfigMap", name, namespace),
        ]),
    ];
}

/** What an option brings, and what to do where somebody else has it. */
interface OptionalObjects {
    key: string;
    objects: Header[];
    wayOut: string;
}

/** A claim or a definition that an earlier stack of this name has left is ours. */
export function optionalObjects(
    { server, agent, oidcDiscoveryProvider, controllerManager }: InstalledSpire,
    stack: string,
): OptionalObjects[] {
    const role = clusterRoleName(CONTROLLER_MANAGER_NAME, stack);
    const all: (OptionalObjects & { wanted: unknown })[] = [
        {
            key: "spire.server.backup",
            wanted: server.backup,
            objects: [
                header("batch/v1", "CronJob", BACKUP_NAME, server.namespace),
                header("v1", "ConfigMap", BACKUP_NAME, server.namespace),
                header("v1", "PersistentVolumeClaim", BACKUP_NAME, server.namespace),
            ],
            wayOut: "remove them, or the backup here",
        },
        {
            key: "spire.oidcDiscoveryProvider",
            wanted: oidcDiscoveryProvider,
            objects: [
                header(APPS, "Deployment", OIDC_PROVIDER_NAME, agent.namespace),
                ...["Service", "ConfigMap", "ServiceAccount"].map((kind) =>
                    header("v1", kind, OIDC_PROVIDER_NAME, agent.namespace),
                ),
            ],
            wayOut: "remove them, or the provider here",
        },
        {
            key: "spire.agent.csiDriver",
            wanted: agent.csiDriver,
            objects: [
                header("storage.k8s.io/v1", "CSIDriver", CSI_DRIVER),
                header(APPS, "DaemonSet", CSI_DRIVER_NAME, agent.namespace),
                header("v1", "ServiceAccount", CSI_DRIVER_NAME, agent.namespace),
            ],
            wayOut: "leave it out, and have the driver that is there mount the directory of spire.sockets.workload, or remove it",
        },
        {
            key: "spire.controllerManager",
            wanted: controllerManager,
            objects: [
                header("apiextensions.k8s.io/v1", "CustomResourceDefinition", CLUSTER_SPIFFE_IDS),
                ...["ClusterRole", "ClusterRoleBinding"].map((kind) => header(RBAC, kind, role)),
            ],
            // Deleting the definition deletes everybody's objects of that kind.
            wayOut: "leave it out, and let the controller that is there have an entryIDPrefix",
        },
    ];
    return all.filter(({ wanted }) => wanted);
}

export function clusterRoles(stack: string): Header[] {
    const names = [SERVER_NAME, AGENT_NAME].map((name) => clusterRoleName(name, stack));
    return ["ClusterRole", "ClusterRoleBinding"].flatMap((kind) =>
        names.map((name) => header(RBAC, kind, name)),
    );
}

export function ciliumObjects(namespace: string): Header[] {
    return [
        header(APPS, "DaemonSet", CILIUM.agentDaemonSet, namespace),
        header(APPS, "Deployment", CILIUM.operatorDeployment, namespace),
        header("v1", "ConfigMap", CILIUM.configMap, namespace),
    ];
}
