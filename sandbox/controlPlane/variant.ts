import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLUSTER, type Instance } from "../host/instance";

/** In what a cluster of the sandbox can differ, to stand for clusters that others made. */
export interface Variant {
    /** Name under which nodes know the API server. */
    apiName: string;
    /** Who signs the kubelets' serving certificates: the cluster's authority, or every kubelet its own. */
    kubeletCertificates: "cluster" | "self-signed";
    /** Whether kube-proxy runs on every node. */
    kubeProxy: boolean;
    /**
     * The StorageClass `standard`, as manifests/storage-<this>.yaml has it. `disk`: the default class; a volume belongs to root
     * and pods get it by their fsGroup, as a cloud's disk. `directory`: no default class; a volume is a directory of the node
     * that anybody may write, as kind's.
     */
    storage: "disk" | "directory";
    /** How many nodes `up` starts. */
    nodes: number;
    /** Whether the first node has the label and the taint of a control plane. */
    controlPlaneNode: boolean;
    /** DNS domain of the cluster. */
    clusterDomain: string;
    /** Issuer of the tokens of service accounts, which agents attest with. */
    tokenIssuer: string;
    /** Pod Security level of namespaces without a label of their own; kube-system is exempt. */
    podSecurity: "privileged" | "restricted";
}

const DEFAULT = {
    // As in kind, where the API server is on the control plane's node.
    apiName: `${CLUSTER}-control-plane`,
    kubeletCertificates: "cluster",
    kubeProxy: false,
    storage: "disk",
    nodes: 3,
    controlPlaneNode: true,
    clusterDomain: "cluster.local",
    tokenIssuer: "https://kubernetes.default.svc",
    podSecurity: "privileged",
} as const;

/**
 * `default` is what `make up` makes: one control plane and two workers. `single` is the least, one node for everything, to
 * stand beside another. `foreign` is as unlike the default as one cluster can be; beside each difference, who has it so.
 */
export const VARIANTS = {
    default: DEFAULT,
    single: { ...DEFAULT, nodes: 1, controlPlaneNode: false },
    foreign: {
        // kubeadm with an endpoint, EKS, GKE.
        apiName: "kube-api.example.internal",
        // kubeadm, kind.
        kubeletCertificates: "self-signed",
        // kubeadm, kind, EKS, GKE.
        kubeProxy: true,
        // EKS has no default class; the volumes are kind's.
        storage: "directory",
        nodes: 3,
        // EKS, GKE.
        controlPlaneNode: false,
        // Where the owner chose one; GKE with Cloud DNS.
        clusterDomain: "cluster.example.internal",
        // EKS, GKE.
        tokenIssuer: "https://oidc.example.internal/id/99",
        // A strict owner.
        podSecurity: "restricted",
    },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;

/** @throws Error that lists the names when it is none of them. */
export function variantName(name: string): VariantName {
    if (Object.hasOwn(VARIANTS, name)) return name as VariantName;
    throw new Error(`there is no variant "${name}"; variants: ${Object.keys(VARIANTS).join(", ")}`);
}

/**
 * Gives an instance its variant, in which its nodes start, also the ones that join later.
 *
 * @param wanted the variant that it has, or `default`, when undefined.
 * @returns the variant that it has now.
 * @throws Error when it has another already, which its nodes are in.
 */
export async function useVariant(instance: Instance, wanted?: VariantName): Promise<VariantName> {
    const used = await usedVariant(instance);
    if (used !== undefined && wanted !== undefined && used !== wanted) {
        throw new Error(
            `sandbox ${instance.number} is up in the variant "${used}"; remove it first (make down), or choose another --instance`,
        );
    }
    const name = used ?? wanted ?? "default";
    await mkdir(instance.stateDir, { recursive: true });
    await writeFile(variantFile(instance), name);
    return name;
}

/** The variant of an instance; the default one when it has none yet. */
export async function variantOf(instance: Instance): Promise<Variant> {
    return VARIANTS[(await usedVariant(instance)) ?? "default"];
}

async function usedVariant(instance: Instance): Promise<VariantName | undefined> {
    const name = await readFile(variantFile(instance), "utf8").catch(() => undefined);
    return name === undefined ? undefined : variantName(name);
}

function variantFile({ stateDir }: Instance): string {
    return join(stateDir, "variant");
}
