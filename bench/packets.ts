/** What authentication costs packets: those of known pairs, and the first of a pair. */
import { join } from "node:path";
import { type Cluster, poll } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import { authMap } from "../doctor/proof/pods";
import { Proof } from "../doctor/proof/proof";
import type { Scene } from "../doctor/proof/scene";
import { AGNHOST, Stage } from "../doctor/proof/stage";
import type { StackOutputs } from "../outputs";
import { kubectl as kubectlOf } from "../sandbox/controlPlane/kubectl";
import type { Instance } from "../sandbox/host/instance";
import { inNetworkOf } from "../sandbox/nodes/podNetwork";
import { type FirstFigures, median, type PacketFigures, type Policy } from "./figures";
import type { Load } from "./load";

const PODS_MS = 180_000;
const SETTLED_MS = 60_000;
const ROUNDS = 5;
const ROUND_MS = 2_000;
const FIRST_SAMPLES = 20;
const RESTART_SAMPLES = 3;

const POLICIES: Policy[] = ["none", "labels", "authentication"];
const CONNECTIONS = ["kept", "new"] as const;

interface PodObject {
    metadata: { uid: string };
    spec: { nodeName: string };
    status: { podIP: string };
}

/** Pods on two nodes, and what is done to them. */
class Pair {
    private constructor(
        private readonly target: Instance,
        private readonly cluster: Cluster,
        private readonly scene: Scene,
        private readonly proof: Proof,
        private readonly url: string,
        /** Words before a command that runs in the client's network. */
        private readonly inClient: string[],
        /** Where authentication is asked for, and remembered. */
        readonly node: string,
    ) {}

    static async of(target: Instance, cluster: Cluster, outputs: StackOutputs, scene: Scene) {
        const { server, clients, port, namespace } = scene;
        const read = async (app: string) => {
            const pods = await kubectl(target, `-n ${namespace} get pods -o json -l app=${app}`);
            return (JSON.parse(pods) as { items: PodObject[] }).items[0]!;
        };
        if (clients.otherNode === undefined) throw new Error("the sandbox has one node");
        const { spec, status } = await read(server);
        const { metadata } = await read(clients.otherNode);
        const url = `http://${status.podIP}:${port}/hostname`;
        const proof = new Proof(cluster, outputs, scene);
        const inClient = await inNetworkOf(metadata.uid);
        return new Pair(target, cluster, scene, proof, url, inClient, spec.nodeName);
    }

    async load(connections: "kept" | "new"): Promise<Load> {
        return await this.measure<Load>(connections, String(ROUND_MS));
    }

    /** @returns milliseconds of one request with a connection of its own. */
    async request(): Promise<number> {
        return await this.measure<number>("first");
    }

    async forget(): Promise<void> {
        await this.proof.forgetAuthentications();
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
        await kubectlOf(this.target, [...verb, "-f", "-"], { input: JSON.stringify(object) });
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

    private async measure<T>(...args: string[]): Promise<T> {
        const script = join(__dirname, "load.js");
        const [program, ...words] = [...this.inClient, process.execPath, script, this.url, ...args];
        const { stdout } = await execa(program!, words);
        return JSON.parse(stdout) as T;
    }
}

/** Requests between two nodes, a round of each policy after the other, so that what else the machine does meets all of them. */
export async function measurePackets(
    target: Instance,
    cluster: Cluster,
    outputs: StackOutputs,
): Promise<{ packets: PacketFigures[]; first: FirstFigures[] }> {
    const stage = new Stage(cluster, { image: AGNHOST, pullSecrets: [] });
    try {
        const pair = await Pair.of(target, cluster, outputs, await stage.setUp(PODS_MS));
        const first = await firstRequests(target, outputs, pair);
        return { packets: await knownPairs(pair), first };
    } finally {
        await stage.remove();
    }
}

async function knownPairs(pair: Pair): Promise<PacketFigures[]> {
    const seen: PacketFigures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
        for (const policy of POLICIES) {
            await pair.enforce(policy);
            for (const connections of CONNECTIONS) {
                seen.push({ policy, connections, ...(await pair.load(connections)) });
            }
        }
    }
    return POLICIES.flatMap((policy) =>
        CONNECTIONS.map((connections) => {
            const same = seen.filter((s) => s.policy === policy && s.connections === connections);
            return {
                ...{ policy, connections },
                perSecond: median(same.map((each) => each.perSecond)),
                median: median(same.map((each) => each.median)),
                p99: median(same.map((each) => each.p99)),
            };
        }),
    );
}

async function firstRequests(
    target: Instance,
    { spireServer: { namespace } }: StackOutputs,
    pair: Pair,
): Promise<FirstFigures[]> {
    await pair.enforce("authentication");
    const known: number[] = [];
    const unknown: number[] = [];
    for (let i = 0; i < FIRST_SAMPLES; i++) {
        await pair.forget();
        unknown.push(await pair.request());
        known.push(await pair.request());
    }
    const restarted: number[] = [];
    const agent = `-l app=spire-agent --field-selector spec.nodeName=${pair.node}`;
    for (let i = 0; i < RESTART_SAMPLES; i++) {
        await kubectl(target, `-n ${namespace} delete pod ${agent} --wait=false`);
        await pair.forget();
        restarted.push(await pair.request());
    }
    return [
        figures("that Cilium knows", known),
        figures("that Cilium has to authenticate", unknown),
        figures("right after the SPIRE agent beside the server's Cilium was deleted", restarted),
    ];
}

function figures(when: string, values: number[]): FirstFigures {
    return {
        ...{ when, median: median(values) },
        ...{ worst: Math.max(...values), samples: values.length },
    };
}

async function kubectl(target: Instance, line: string): Promise<string> {
    return await kubectlOf(target, line.split(" "), { timeoutMs: 120_000 });
}
