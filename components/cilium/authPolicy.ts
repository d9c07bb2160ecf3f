/** A policy that lets pods talk only after both have proven who they are. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

type Labels = Record<string, string>;

/** Arguments of {@link MutualAuthPolicy}. */
export interface MutualAuthPolicyArgs {
    /** Namespace of the protected pods and of the policy. */
    namespace: pulumi.Input<string>;
    /** Labels of the protected pods. Empty: every pod of the namespace. */
    to: Labels;
    /** Labels of the pods that may connect, once authenticated. Every other ingress is denied. */
    from: Labels[];
    /**
     * TCP ports that may be connected to.
     * @default every port
     */
    ports?: number[];
}

/**
 * A CiliumNetworkPolicy with `authentication.mode: required`.
 *
 * Kubelet probes come from the host, an identity that Cilium never authenticates; Cilium lets the local host in anyway.
 * The CRD is registered by Cilium's operator, so depend on the Cilium release.
 */
export class MutualAuthPolicy extends pulumi.ComponentResource {
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
                spec: mutualAuthSpec(args),
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** The policy's spec as plain data. */
export function mutualAuthSpec({ to, from, ports }: Omit<MutualAuthPolicyArgs, "namespace">) {
    const toPorts = ports?.map((port) => ({ port: String(port), protocol: "TCP" }));
    return {
        endpointSelector: { matchLabels: to },
        ingress: [
            {
                fromEndpoints: from.map((matchLabels) => ({ matchLabels })),
                authentication: { mode: "required" },
                ...(toPorts && { toPorts: [{ ports: toPorts }] }),
            },
        ],
    };
}
