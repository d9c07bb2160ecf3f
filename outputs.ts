/** What a stack tells other stacks: public API, read with a StackReference. Plain values, no secrets. */
import type * as pulumi from "@pulumi/pulumi";
import { spireServerRef } from "./components/entries/args";
import { BUNDLE_CONFIG_MAP } from "./components/names";
import { serverAddress } from "./components/spire/args";
import type { Settings } from "./settings/schema";

export interface StackOutputs {
    trustDomain: string;
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
    /** Host path of the Workload API socket on every node. */
    workloadSocket: string;
    /** Host path of the admin socket on every node. */
    adminSocket: string;
    /** Where to read the trust bundle: PEM under the key `bundle.crt` of this ConfigMap. */
    trustBundle: { namespace: string; configMap: string };
    /** SPIFFE ID of the SPIRE agent by node name. Absent with the registration strategy `nodeAlias`. */
    agents?: Record<string, string>;
}

/** The outputs as a program returns them. */
export type ProgramOutputs = { [K in keyof StackOutputs]: pulumi.Input<StackOutputs[K]> };

/** The outputs that the settings alone decide. */
export function plainOutputs(settings: Settings): Omit<StackOutputs, "agents"> {
    const { trustDomain, clusterName, spire, cilium } = settings;
    const { host, port } = serverAddress(spire.server.namespace);
    return {
        trustDomain,
        clusterName,
        spireVersion: spire.version,
        ciliumVersion: cilium.version,
        spireServer: { address: `${host}:${port}`, ...spireServerRef(settings) },
        workloadSocket: spire.sockets.workload,
        adminSocket: spire.sockets.admin,
        trustBundle: { namespace: spire.agent.namespace, configMap: BUNDLE_CONFIG_MAP },
    };
}
