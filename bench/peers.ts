/** Pods that authenticate each other by Cilium. */
import { Cluster } from "@cilium-spire/entries-provider";
import { Proof } from "../doctor/proof/proof";
import type { Scene } from "../doctor/proof/scene";
import { AGNHOST, Stage } from "../doctor/proof/stage";
import { kubectl } from "../sandbox/controlPlane/kubectl";
import type { Instance } from "../sandbox/host/instance";

const PODS_MS = 300_000;
/** Until they are authenticated, after they are Ready. */
export const CONNECTED_MS = 300_000;

/** A server and its clients, unknown to SPIRE until they are made. Once they are removed there are no others. */
export interface Peers {
    /** Makes them, and waits until the server answers clients that are authenticated. */
    meet: () => Promise<void>;
    /** Moves the client that is not beside the server to this node, and waits until the server answers it there. */
    meetFrom: (node: string) => Promise<void>;
    /** Removes them, and waits until they are gone. */
    remove: () => Promise<void>;
}

interface PodObject {
    metadata: { labels: object };
    spec: { nodeName: string; affinity: object };
}

/** Under a policy that requires authentication: a client on the node of the server, and one on another. */
export class CiliumPeers implements Peers {
    private readonly cluster = new Cluster();
    private readonly stage = new Stage(this.cluster, { image: AGNHOST, pullSecrets: [] });
    private scene: Scene | undefined;

    constructor(
        private readonly target: Instance,
        private readonly trustDomain: string,
    ) {}

    async meet(): Promise<void> {
        this.scene = await this.stage.setUp(PODS_MS);
        await this.connected(this.scene);
    }

    /** A replica of one that is authenticated: its identity has an SVID on the other nodes. */
    async meetFrom(node: string): Promise<void> {
        const { namespace, clients } = this.scene!;
        const inNamespace = (args: string[], input?: string) =>
            kubectl(this.target, ["-n", namespace, ...args], {
                ...{ timeoutMs: PODS_MS },
                ...(input !== undefined && { input }),
            });
        const name = clients.otherNode!;
        const text = await inNamespace(["get", "pod", name, "-o", "json"]);
        const { metadata, spec } = JSON.parse(text) as PodObject;
        const { nodeName: _, affinity: __, ...rest } = spec;
        const pod = {
            ...{ apiVersion: "v1", kind: "Pod" },
            metadata: { name: `${name}-moved`, labels: metadata.labels },
            spec: { ...rest, nodeSelector: { "kubernetes.io/hostname": node } },
        };
        await inNamespace(["delete", "pod", name, "--wait=false"]);
        await inNamespace(["create", "-f", "-"], JSON.stringify(pod));
        const ready = ["--for=condition=Ready", `--timeout=${PODS_MS / 1000}s`];
        await inNamespace(["wait", ...ready, `pod/${pod.metadata.name}`]);
        await this.connected(this.scene!);
    }

    async remove(): Promise<void> {
        await this.stage.remove();
    }

    private async connected(scene: Scene): Promise<void> {
        const { trustDomain } = this;
        await new Proof(this.cluster, { trustDomain }, scene).waitUntilConnected(CONNECTED_MS);
    }
}
