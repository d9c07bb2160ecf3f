/** spire-controller-manager beside the server: entries for pods that ClusterSPIFFEIDs choose. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
    CLUSTER_SPIFFE_IDS,
    clusterRoleName,
    CONTROLLER_MANAGER_NAME as NAME,
    SERVER_NAME,
} from "../names";
import type { ServerArgs } from "./args";
import { clusterSpiffeIdSpec } from "./clusterSpiffeId";

/**
 * Its kind, which stays when it goes: deleting it would delete everybody's ClusterSPIFFEIDs; and its rights, which are the
 * server's, since they share a pod.
 *
 * @returns what the pods depend on.
 */
export function prepareControllerManager(
    { settings }: ServerArgs,
    parent: pulumi.Resource,
): pulumi.Resource[] {
    const kind = new k8s.apiextensions.v1.CustomResourceDefinition(
        CLUSTER_SPIFFE_IDS,
        { metadata: { name: CLUSTER_SPIFFE_IDS }, spec: clusterSpiffeIdSpec },
        { parent, retainOnDelete: true },
    );
    const { namespace } = settings;
    const subjects = [{ kind: "ServiceAccount", name: SERVER_NAME, namespace }];
    const metadata = { name: clusterRoleName(NAME, pulumi.getStack()) };
    const role = new k8s.rbac.v1.ClusterRole(NAME, { metadata, rules: RULES }, { parent });
    const roleRef = (kind: string, name: pulumi.Input<string>) => ({
        ...{ apiGroup: "rbac.authorization.k8s.io", kind, name },
    });
    const binding = new k8s.rbac.v1.ClusterRoleBinding(
        NAME,
        { metadata, roleRef: roleRef("ClusterRole", role.metadata.name), subjects },
        { parent },
    );
    if (settings.replicas === 1) return [kind, binding];
    const local = { name: NAME, namespace };
    const election = new k8s.rbac.v1.Role(NAME, { metadata: local, rules: ELECTION }, { parent });
    const elected = new k8s.rbac.v1.RoleBinding(
        NAME,
        { metadata: local, roleRef: roleRef("Role", election.metadata.name), subjects },
        { parent },
    );
    return [kind, binding, elected];
}

const watch = ["get", "list", "watch"];
const GROUP = "spire.spiffe.io";

const RULES = [
    { apiGroups: [""], resources: ["pods", "nodes", "namespaces", "endpoints"], verbs: watch },
    { apiGroups: [GROUP], resources: ["clusterspiffeids"], verbs: watch },
    { apiGroups: [GROUP], resources: ["clusterspiffeids/status"], verbs: ["update"] },
];

/** One of several replicas writes. Creation cannot be limited to a name. */
const ELECTION = [
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
    {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        resourceNames: [NAME],
        verbs: ["get", "update"],
    },
    { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
];
