/** A policy that lets pods talk only after both have proven who they are. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { authPolicySpec, type AuthPolicyRules } from "./authPolicySpec";

/** Arguments of {@link MutualAuthPolicy}. */
export interface MutualAuthPolicyArgs extends AuthPolicyRules {
    /** Namespace of the protected pods and of the policy. */
    namespace: pulumi.Input<string>;
}

/**
 * A CiliumNetworkPolicy whose peers must authenticate.
 *
 * The CRD is registered by Cilium's operator, so depend on the Cilium component.
 */
export class MutualAuthPolicy extends pulumi.ComponentResource {
    /** @throws Error for rules that could match nothing or everything by mistake; see {@link authPolicySpec}. */
    constructor(
        name: string,
        args: MutualAuthPolicyArgs,
        opts: pulumi.ComponentResourceOptions = {},
    ) {
        super("cilium-spire:cilium:MutualAuthPolicy", name, {}, opts);
        new k8s.apiextensions.CustomResource(
            name,
            {
                apiVersion: "cilium.io/v2",
                kind: "CiliumNetworkPolicy",
                metadata: { name, namespace: args.namespace },
                spec: authPolicySpec(args),
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}
