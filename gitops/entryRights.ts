/** Who may write the entries of a rendered stack. */
import { SERVER_NAME } from "../components/names";
import type { Manifest } from "./manifest";

/** Service account, Role and RoleBinding. */
export const ENTRIES_NAME = "spire-entries";

/** The one pod whose server is asked: all replicas have one database. */
export const SERVER_POD = `${SERVER_NAME}-0`;

/**
 * To run commands in one pod, and nothing else. That is SPIRE's admin, as is everyone who may start pods in this namespace:
 * they can mount the server's volume. Hence a namespace for the server alone, as in Pulumi.prod.yaml.
 */
export function entryRights(namespace: string): Manifest[] {
    const metadata = { name: ENTRIES_NAME, namespace };
    const ofOnePod = { apiGroups: [""], resourceNames: [SERVER_POD] };
    return [
        {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata,
            // Only the Jobs' pods get a token.
            automountServiceAccountToken: false,
        },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "Role",
            metadata,
            rules: [
                // kubectl looks at the pod first. A WebSocket begins with GET; from Kubernetes 1.35 on, create is asked for as well.
                { ...ofOnePod, resources: ["pods"], verbs: ["get"] },
                { ...ofOnePod, resources: ["pods/exec"], verbs: ["create", "get"] },
            ],
        },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "RoleBinding",
            metadata,
            roleRef: {
                apiGroup: "rbac.authorization.k8s.io",
                kind: "Role",
                name: ENTRIES_NAME,
            },
            subjects: [{ kind: "ServiceAccount", name: ENTRIES_NAME, namespace }],
        },
    ];
}
