/** The rights of the SPIRE server: to attest agents, to publish its bundle, and what its upstream authority needs. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServerSettings } from "../../settings/spire";
import { BUNDLE_CONFIG_MAP, clusterRoleName, SERVER_NAME } from "../names";
import { upstreamAuthorityRules } from "./upstreamAuthority";

type Rule = k8s.types.input.rbac.v1.PolicyRule;

/** What k8s_psat needs: to review agents' tokens and to look up their pods and nodes. */
const ATTESTATION: Rule[] = [
    { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get"] },
];

/** The one object that the server changes, by patch; the program makes it exist, so it may not create any. */
const BUNDLE: Rule = {
    apiGroups: [""],
    resources: ["configmaps"],
    resourceNames: [BUNDLE_CONFIG_MAP],
    verbs: ["get", "patch"],
};

/**
 * Grants the server's service account its rights.
 *
 * @param agentNamespace namespace of the trust bundle's ConfigMap.
 * @returns the bindings, for the server's pods to depend on.
 */
export function grantServer(
    settings: ServerSettings,
    agentNamespace: string,
    parent: pulumi.Resource,
): pulumi.Resource[] {
    const subjects = [{ kind: "ServiceAccount", name: SERVER_NAME, namespace: settings.namespace }];
    const name = clusterRoleName(SERVER_NAME, pulumi.getStack());
    const cluster = new k8s.rbac.v1.ClusterRole(
        SERVER_NAME,
        { metadata: { name }, rules: ATTESTATION },
        { parent },
    );
    const bindings: pulumi.Resource[] = [
        new k8s.rbac.v1.ClusterRoleBinding(
            SERVER_NAME,
            {
                metadata: { name },
                roleRef: roleRef("ClusterRole", cluster.metadata.name),
                subjects,
            },
            { parent },
        ),
    ];
    const grant = (name: string, namespace: string, rule: Rule) => {
        const metadata = { name, namespace };
        const role = new k8s.rbac.v1.Role(name, { metadata, rules: [rule] }, { parent });
        const ref = roleRef("Role", role.metadata.name);
        bindings.push(
            new k8s.rbac.v1.RoleBinding(name, { metadata, roleRef: ref, subjects }, { parent }),
        );
    };
    grant(BUNDLE_CONFIG_MAP, agentNamespace, BUNDLE);
    const { upstreamAuthority: upstream } = settings;
    const rule = upstream && upstreamAuthorityRules(upstream, settings.namespace);
    if (rule) {
        const { namespace, ...rest } = rule;
        grant(`${SERVER_NAME}-upstream`, namespace, rest);
    }
    return bindings;
}

function roleRef(kind: string, name: pulumi.Input<string>) {
    return { apiGroup: "rbac.authorization.k8s.io", kind, name };
}
