/** What server and agents are given, and how it follows from the settings of a stack: made here and nowhere else. */
import type { ImageSettings } from "../../settings/images";
import type { InstallStack } from "../../settings/schema";
import type { AgentSettings, ServerSettings } from "../../settings/spire";
import type { ControllerManagerSettings } from "../../settings/spire/controllerManager";
import {
    jwtIssuer,
    type OidcDiscoveryProviderSettings,
} from "../../settings/spire/oidcDiscoveryProvider";
import type { Sockets } from "../../settings/spire/sockets";
import { clusterChoice } from "../clusterChoice";
import { SERVER_NAME, SERVER_PORTS } from "../names";
import type { Patience } from "../rollout";

/** What both have in common. */
interface SpireArgs {
    /** SPIFFE trust domain. */
    trustDomain: string;
    /** Name under which agents attest. */
    clusterName: string;
    /** Version of SPIRE: the tag of the image. Configuration keys came and went with it. */
    version: string;
    /** Where the image comes from. */
    images: ImageSettings;
    /**
     * The pods' annotations tell a Prometheus of their metrics.
     * @default false
     */
    annotated?: boolean;
}

/** Arguments of `Server`. */
export interface ServerArgs extends SpireArgs {
    /** Namespace of the agents, in which the trust bundle is published. */
    agentNamespace: string;
    /** Namespace of Cilium, whose pods nobody else may give identities. */
    ciliumNamespace: string;
    /**
     * spire-controller-manager beside the server.
     * @default none
     */
    controllerManager?: ControllerManagerSettings;
    /**
     * Node labels that become selectors of the node's agent.
     * @default none
     */
    nodeLabelKeys?: string[];
    /** Whether its StatefulSet is kept from being deleted. */
    protect: boolean;
    /** What the stack configuration says of the server. */
    settings: ServerSettings;
}

/** Arguments of `Agent`. */
export interface AgentArgs extends SpireArgs {
    /** Name and port of the server's Service. */
    server: Address;
    /** Host paths of the two sockets. */
    sockets: Sockets;
    /**
     * How long the rollout of a change is waited for.
     * @default not at all, as where somebody else applies the objects
     */
    patience?: Patience;
    /** What the stack configuration says of the agents. */
    settings: AgentSettings;
}

/** Arguments of `OidcDiscoveryProvider`. */
export interface OidcDiscoveryProviderArgs extends Omit<SpireArgs, "clusterName" | "annotated"> {
    /** Namespace of its pods, which has to admit `hostPath`: that of the agents. */
    namespace: string;
    /** Host path of the Workload API socket. */
    workloadSocket: string;
    /** What the stack configuration says of it. */
    settings: OidcDiscoveryProviderSettings;
}

export interface Address {
    host: string;
    port: number;
}

/**
 * Host and port of the Service of a server in a namespace: known before the server exists, because Cilium, the network
 * that it needs, is told of it. The host works whatever the cluster's DNS domain is.
 */
export function serverAddress(namespace: string): Address {
    return { host: `${SERVER_NAME}.${namespace}.svc`, port: SERVER_PORTS.grpc };
}

export function serverArgs({ spire, registration, cilium, ...stack }: InstallStack): ServerArgs {
    const { trustDomain, clusterName, images, protect, observability } = stack;
    return {
        trustDomain,
        clusterName,
        version: spire.version,
        images,
        annotated: observability.scrape === "annotations",
        agentNamespace: spire.agent.namespace,
        ciliumNamespace: cilium.namespace,
        ...(spire.controllerManager && { controllerManager: spire.controllerManager }),
        nodeLabelKeys: Object.keys(registration.operatorNodeLabels),
        protect,
        settings: spire.oidcDiscoveryProvider
            ? { ...spire.server, jwtIssuer: jwtIssuer(spire.oidcDiscoveryProvider) }
            : spire.server,
    };
}

export function agentArgs({ spire, ...stack }: InstallStack): AgentArgs {
    const { trustDomain, clusterName, images, observability } = stack;
    return {
        trustDomain,
        clusterName,
        version: spire.agent.version ?? spire.version,
        images,
        annotated: observability.scrape === "annotations",
        server: serverAddress(spire.server.namespace),
        sockets: spire.sockets,
        patience: {
            cluster: clusterChoice(stack),
            timeoutSeconds: stack.registration.timeoutSeconds,
        },
        settings: spire.agent,
    };
}

/** @returns undefined where the stack has none */
export function oidcDiscoveryProviderArgs({
    spire,
    trustDomain,
    images,
}: InstallStack): OidcDiscoveryProviderArgs | undefined {
    if (!spire.oidcDiscoveryProvider) return undefined;
    return {
        trustDomain,
        version: spire.version,
        images,
        namespace: spire.agent.namespace,
        workloadSocket: spire.sockets.workload,
        settings: spire.oidcDiscoveryProvider,
    };
}
