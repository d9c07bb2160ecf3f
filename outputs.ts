/** What a stack tells other stacks: public API, read with a StackReference. Plain values, no secrets. */
import * as pulumi from "@pulumi/pulumi";
import { BUNDLE_CONFIG_MAP } from "./components/names";
import { spirePlace } from "./components/spire/place";
import type { Settings } from "./settings/schema";

/**
 * The version of {@link StackOutputs}. It grows when a member is taken away or means something else; what is added does not
 * change it (test/unit/outputs.test.ts).
 */
export const OUTPUTS_VERSION = 1;

export interface StackOutputs {
    /** {@link OUTPUTS_VERSION} of the program that wrote them. */
    outputsVersion: number;
    /** SPIFFE trust domain, without `spiffe://`. */
    trustDomain: string;
    /** Name under which the agents of this cluster attest. */
    clusterName: string;
    spireVersion: string;
    ciliumVersion: string;
    spireServer: {
        /** `host:port` of its Service, for SPIRE agents and other clients in the cluster. */
        address: string;
        /** Where its pods are, for `kubectl exec`. */
        namespace: string;
        statefulSet: string;
        container: string;
    };
    /** Where its agents are, one on each node. */
    spireAgent: { namespace: string; daemonSet: string };
    /** Host path of the Workload API socket on every node. */
    workloadSocket: string;
    /** Host path of the admin socket on every node. */
    adminSocket: string;
    /**
     * Where to read the trust bundle: PEM under the key `bundle.crt` of this ConfigMap. Absent where someone else runs SPIRE:
     * its publisher may be of another kind.
     */
    trustBundle?: { namespace: string; configMap: string };
    /** SPIFFE ID of the SPIRE agent by node name. Absent with the registration strategy `nodeAlias`. */
    agents?: Record<string, string>;
}

/** The outputs as a program returns them. */
export type ProgramOutputs = { [K in keyof StackOutputs]: pulumi.Input<StackOutputs[K]> };

/** The outputs that the settings alone decide. */
export function plainOutputs(settings: Settings): Omit<StackOutputs, "agents"> {
    const { trustDomain, clusterName, spire, cilium } = settings;
    const { server, address, agents } = spirePlace(spire);
    const { namespace, statefulSet, container } = server;
    return {
        outputsVersion: OUTPUTS_VERSION,
        trustDomain,
        clusterName,
        spireVersion: spire.version,
        ciliumVersion: cilium.version,
        spireServer: {
            address: `${address.host}:${address.port}`,
            ...{ namespace, statefulSet, container },
        },
        spireAgent: { namespace: agents.namespace, daemonSet: agents.daemonSet },
        workloadSocket: spire.sockets.workload,
        adminSocket: spire.sockets.admin,
        ...(spire.mode === "install" && {
            trustBundle: { namespace: spire.agent.namespace, configMap: BUNDLE_CONFIG_MAP },
        }),
    };
}

/**
 * The outputs of a cilium-spire stack, as plain values: what names entries must be known to a preview.
 *
 * @param stack `organization/project/stack`; the organization of a backend of your own is `organization`.
 * @throws pulumi.RunError when the stack has no outputs, or those of another version.
 */
export async function platformOutputs(stack: string): Promise<StackOutputs> {
    const reference = new pulumi.StackReference(stack);
    const outputs = await new Promise<Partial<StackOutputs>>((resolve) => {
        reference.outputs.apply((values: object) => resolve(values));
    });
    const { outputsVersion: version } = outputs;
    if (version === OUTPUTS_VERSION) return outputs as StackOutputs;
    throw new pulumi.RunError(
        version === undefined
            ? `the stack "${stack}" has no outputs of cilium-spire; name a stack of it that is up, as organization/project/stack, and run an up of it if its program was older`
            : `the stack "${stack}" has outputs of version ${version}, and this program reads version ${OUTPUTS_VERSION}; use the @cilium-spire/components of that stack's release`,
    );
}
