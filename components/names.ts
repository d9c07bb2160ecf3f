/** The names that parts of the cluster know each other by. */

/** StatefulSet, container, Service and service account of the SPIRE server. */
export const SERVER_NAME = "spire-server";

/** CronJob, ConfigMap and volume claim of the scheduled copies of the server's datastore. */
export const BACKUP_NAME = "spire-backup";

/** Ports of the SPIRE server's container; that of its Service is the one of `grpc`. */
export const SERVER_PORTS = { grpc: 8081, health: 8080, metrics: 9988 } as const;

/** Deployment, container, Service and service account of SPIRE's OIDC discovery provider. */
export const OIDC_PROVIDER_NAME = "spire-oidc-discovery-provider";

/** Container and, with the stack's name, ClusterRole of spire-controller-manager. */
export const CONTROLLER_MANAGER_NAME = "spire-controller-manager";

/** The CustomResourceDefinition of its kind. */
export const CLUSTER_SPIFFE_IDS = "clusterspiffeids.spire.spiffe.io";

/** DaemonSet, container and service account of the SPIFFE CSI driver. */
export const CSI_DRIVER_NAME = "spiffe-csi-driver";

/** What pods call it by, in every cluster that has it (spiffe-csi). */
export const CSI_DRIVER = "csi.spiffe.io";

/** DaemonSet, container and service account of the SPIRE agents. */
export const AGENT_NAME = "spire-agent";

/** ConfigMap, in the agents' namespace, with the trust bundle under the key `bundle.crt`. */
export const BUNDLE_CONFIG_MAP = "spire-bundle";

/** What Cilium's chart calls its parts (its defaults; `serviceAccounts.*.name` is not ours to change). */
export const CILIUM = {
    agentDaemonSet: "cilium",
    agentContainer: "cilium-agent",
    agentSelector: "k8s-app=cilium",
    agentServiceAccount: "cilium",
    operatorDeployment: "cilium-operator",
    operatorContainer: "cilium-operator",
    operatorServiceAccount: "cilium-operator",
    configMap: "cilium-config",
} as const;

/** Annotation of Cilium's agent DaemonSet: the owner that installed it, which must not adopt it. */
export const INSTALLED_BY = "cilium-spire.io/installed-by";

/**
 * Annotation of a policy that `cilium-spire enforce` tries: what was there before, so that it is not lost with the process that
 * tries.
 */
export const BEFORE_TRIAL = "cilium-spire.io/before-trial";

/**
 * Name of a ClusterRole and its binding: of this stack alone, and known beforehand. One that Pulumi makes up would be made
 * up again after an `up` that was killed, and the first would keep its rights for ever.
 */
export function clusterRoleName(account: string, stack: string): string {
    return `${account}-${stack}`;
}
