/** What Cilium has to know of this SPIRE, however it got into the cluster. */
import type { Settings } from "../../settings/schema";
import type { AdoptSettings, CiliumSettings, InstallSettings } from "../../settings/cilium";
import type { ImageSettings } from "../../settings/images";
import { scrapesCilium } from "../../settings/observability";
import { durationSeconds } from "../../settings/amounts";
import { clusterChoice } from "../clusterChoice";
import type { Patience } from "../rollout";
import { spirePlace } from "../spire/place";
import type { Sockets } from "../../settings/spire/sockets";

/** All plain values, so that a preview knows them. `S`: the settings of one mode, or of any. */
export interface CiliumArgs<S extends CiliumSettings = CiliumSettings> {
    /** False: Cilium authenticates nobody. SPIRE and its entries do not notice. */
    mutualAuth: boolean;
    /** SPIFFE trust domain. */
    trustDomain: string;
    /** `name.namespace.svc:port` of a ClusterIP Service: in this form the operator resolves it through the API. */
    serverAddress: string;
    sockets: Sockets;
    /** Labels of the only nodes where the operator may run. Empty: all nodes. */
    operatorNodeLabels: Record<string, string>;
    /** Whether the agents' DaemonSet is kept from being deleted. */
    protect: boolean;
    /** Where images come from. */
    images: ImageSettings;
    /** Somebody scrapes Cilium's metrics, which an installation has to switch on. */
    scraped: boolean;
    /** How long the rollout of a change is waited for. */
    patience: Patience;
    /** What the stack configuration says of Cilium. */
    settings: S;
}

/** Of a Cilium that this program installs. */
export type InstallationArgs = CiliumArgs<InstallSettings>;

/** Of a Cilium that is there. */
export type AdoptionArgs = CiliumArgs<AdoptSettings>;

/** From the settings of a stack: the program and the doctor must agree on it. */
export function ciliumArgs<S extends CiliumSettings>({
    mutualAuth,
    trustDomain,
    spire,
    cilium,
    images,
    registration,
    protect,
    observability,
    ...cluster
}: Settings & { cilium: S }): CiliumArgs<S> {
    const { host, port } = spirePlace(spire).address;
    return {
        mutualAuth,
        trustDomain,
        serverAddress: `${host}:${port}`,
        sockets: spire.sockets,
        operatorNodeLabels: registration.operatorNodeLabels,
        protect,
        images,
        scraped: scrapesCilium(observability),
        patience: {
            cluster: clusterChoice(cluster),
            timeoutSeconds: durationSeconds(cilium.rolloutTimeout),
        },
        settings: cilium,
    };
}
