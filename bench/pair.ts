/** Pods on two nodes, between which requests are measured. */
import { once } from "node:events";
import { join } from "node:path";
import { type Cluster, poll } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import { authMap } from "../doctor/proof/pods";
import { Proof } from "../doctor/proof/proof";
import type { Scene } from "../doctor/proof/scene";
import { AGNHOST, Stage } from "../doctor/proof/stage";
import type { StackOutputs } from "../outputs";
import { kubectl } from "../sandbox/controlPlane/kubectl";
import type { Instance } from "../sandbox/host/instance";
import { inNetworkOf } from "../sandbox/nodes/podNetwork";
import type { Connections, Policy } from "./figures";
import type { Load, MutualTls } from "./load";

const PODS_MS = 180_000;
const SETTLED_MS = 60_000;
const ROUND_MS = 2_000;

interface PodObject {
    metadata: { uid: string };
    spec: { nodeName: string };
    status: { podIP: string };
}

/** Who answers requests in the server's pod. */
interface Answerer {
    url: string;
    /** What the client needs for an `https` URL. */
    tls?: MutualTls;
}

/** A client and a server on two nodes, and what is done to them. */
export class Pair {
    private constructor(
        private readonly target: Instance,
        private readonly cluster: Cluster,
        private readonly scene: Scene,
        private readonly proof: Proof,
        /** Of the server's pod. */
        private readonly address: string,
        /** Words before a command that runs in the network of one of the two. */
        private readonly inside: { client: string[]; server: string[] },
        /** Where authentication is asked for, and remembered. */
        readonly node: string,
    ) {}

    /** Makes the pods for as long as they are used. */
    static async during<T>(
        target: Instance,
        cluster: Cluster,
        outputs: StackOutputs,
        use: (pair: Pair) => Promise<T>,
    ): Promise<T> {
        const stage = new Stage(cluster, { image: AGNHOST, pullSecrets: [] });
        try {
            const scene = await stage.setUp(PODS_MS);
            const proof = new Proof(cluster, outputs, scene);
            return await use(await Pair.of(target, cluster, scene, proof));
        } finally {
            await stage.remove();
        }
    }

    private static async of(target: Instance, cluster: Cluster, scene: Scene, proof: Proof) {
        const { server: app, clients, namespace } = scene;
        const read = async (app: string) => {
            const pods = ["-n", namespace, "get", "pods", "-o", "json", "-l", `app=${app}`];
            const { items } = JSON.parse(await kubectl(target, pods)) as { items: PodObject[] };
            return items[0]!;
        };
        if (clients.otherNode === undefined) throw new Error("the sandbox has one node");
        const server = await read(app);
        const client = await read(clients.otherNode);
        const inside = {
            client: await inNetworkOf(client.metadata.uid),
            server: await inNetworkOf(server.metadata.uid),
        };
        const { podIP } = server.status;
        return new Pair(target, cluster, scene, proof, podIP, inside, server.spec.nodeName);
    }

    async load(connections: Connections, answerer = this.agnhost): Promise<Load> {
        return await this.measure<Load>(answerer, connections, String(ROUND_MS));
    }

    /** @returns milliseconds of one request with a connection of its own. */
    async request(): Promise<number> {
        return await this.measure<number>(this.agnhost, "first");
    }

    async forget(): Promise<void> {
        await this.proof.forgetAuthentications();
    }

    /** When the pairs expire that Cilium knows on the server's node. */
    async expirations(): Promise<string[]> {
        return (await authMap(this.cluster, this.node)).map(({ Expiration }) => Expiration);
    }

    /** Runs `answer.ts` in the server's network for as long as it is used. */
    async answering<T>(
        tls: { client: MutualTls; server: MutualTls } | undefined,
        use: (answerer: Answerer) => Promise<T>,
    ): Promise<T> {
        const script = join(__dirname, "answer.js");
        const [program, ...words] = [...this.inside.server, process.execPath, script];
        const input = JSON.stringify(tls?.server ?? null);
        const server = execa(program, words, { input });
        try {
            const [port] = (await Promise.race([
                once(server.stdout, "data"),
                // When it ends without having written its port, this says why.
                server.then(() => []),
            ])) as unknown[];
            const url = `${tls ? "https" : "http"}://${this.address}:${String(port)}/`;
            return await use({ url, ...(tls && { tls: tls.client }) });
        } finally {
            server.kill();
            await server.catch(() => undefined);
        }
    }

    /** Applies a policy of the same rules, and waits until packets are treated by it. */
    async enforce(policy: Policy): Promise<void> {
        const { namespace, server, stranger } = this.scene;
        const rule = {
            fromEndpoints: Object.values(this.scene.clients).map((app) => ({
                matchLabels: { app },
            })),
            toPorts: [{ ports: [{ port: String(this.scene.port), protocol: "TCP" }] }],
            ...(policy === "authentication" && { authentication: { mode: "required" } }),
        };
        const object = {
            ...{ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
            metadata: { name: server, namespace },
            spec: { endpointSelector: { matchLabels: { app: server } }, ingress: [rule] },
        };
        const verb = policy === "none" ? ["delete", "--ignore-not-found"] : ["apply"];
        await kubectl(this.target, [...verb, "-f", "-"], { input: JSON.stringify(object) });
        await poll(SETTLED_MS, `policy "${policy}" in force on ${this.node}`, async () => {
            await this.forget();
            await this.request();
            const authenticated = (await authMap(this.cluster, this.node)).length > 0;
            const open = await this.proof.connects(stranger, 1);
            return authenticated === (policy === "authentication") && open === (policy === "none")
                ? { done: true }
                : { waitingFor: `authenticated: ${authenticated}, open: ${open}` };
        });
    }

    private get agnhost(): Answerer {
        return { url: `http://${this.address}:${this.scene.port}/hostname` };
    }

    private async measure<T>({ url, tls }: Answerer, ...args: string[]): Promise<T> {
        const script = join(__dirname, "load.js");
        const [program, ...words] = [...this.inside.client, process.execPath, script, url, ...args];
        const { stdout } = await execa(program!, words, {
            ...(tls && { input: JSON.stringify(tls) }),
        });
        return JSON.parse(stdout) as T;
    }
}
